"""The sweep: Optuna proposes, Ray Tune runs, every round is recorded."""
