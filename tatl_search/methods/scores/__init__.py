"""Scores: what each unit is worth, one a file."""
