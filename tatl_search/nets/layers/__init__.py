"""Kinds of layers: one class for each says all that the rest of `nets` asks of it."""
