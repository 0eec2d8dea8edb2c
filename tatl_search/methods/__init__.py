"""Methods: named ways to choose which filters go."""
