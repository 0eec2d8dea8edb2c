"""Recorders behind one protocol: Parquet (the truth) and Weights & Biases (a copy)."""
