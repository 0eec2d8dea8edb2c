"""Allocations: how scores and a budget become a plan, one a file."""
