"""From a folder of images to a whole search: what they are like decides what is searched.

L1: looks at images, never at networks.
"""
