"""Find the networks that fit a target task best: target-aware pruning, searched on a cluster."""
