"""How training images vary: whole batches at a time, every image by draws of its own."""
