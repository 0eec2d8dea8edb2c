"""The adaptation loop and the store of its stages."""
