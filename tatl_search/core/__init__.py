"""Arithmetic on arrays: the paper's ideas, free of torch and checkable by eye."""
