"""What a sweep will cost, estimated before anything runs."""

from dataclasses import asdict, dataclass
from typing import Any

from tatl_search.config import Objective
from tatl_search.search.preflight import NetworkCheck, check_networks, training_speed
from tatl_search.search.variants import middle, most_epochs, shared_roots
from tatl_search.space import SearchSpace

FORWARD_SHARE = 0.3
"""Time of a forward-only image as a share of a training one (measured: docs/architecture.md)."""

FORWARD_PASSES = 2
"""Passes over the training images in each round: statistics and batch-norm."""


@dataclass(frozen=True)
class SweepEstimate:
    """An upper bound of what a sweep costs: every trial of full length, nothing shared but roots.

    Attributes:
        trials: adaptations.
        candidates: networks, the unpruned ones not counted.
        images_trained: images through backward, baselines included.
        images_per_second: measured on this machine with the unpruned network.
        concurrent: trials that run at once on this machine.
        minutes: wall-clock on this machine.
        disk_mb: for the stored networks.
    """

    trials: int
    candidates: int
    images_trained: int
    images_per_second: float
    concurrent: int
    minutes: float
    disk_mb: float

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.trials} trials, at most {self.candidates} candidates and"
            f" {self.images_trained:,} training images\n"
            f"about {self.minutes:.0f} minutes here at most ({self.concurrent} at once,"
            f" {self.images_per_second:.0f} images/s each), {self.disk_mb:,.0f} MB of disk\n"
            "Pruned networks train faster and shared rounds are paid once: expect less."
        )


def estimate_sweep(space: SearchSpace, cpus: int) -> SweepEstimate:
    """Estimate a sweep by checking its data and networks and timing a few batches.

    Args:
        space: the search space.
        cpus: CPUs that trials may use.

    Raises:
        InputError: the data or a network cannot be used.
    """
    sweep = space.sweep
    check = check_networks(space, None, sweep.cpus_per_trial)[0]
    config, images = middle(space), len(check.target.train.labels)
    longest = most_epochs(space)
    rounds = (longest - config.finetune.epochs) // config.retrain.epochs
    shared = len(shared_roots(space))
    roots = shared or sweep.trials
    baselines = len(sweep.baselines) * longest
    epochs = (
        roots * config.finetune.epochs + sweep.trials * rounds * config.retrain.epochs + baselines
    )
    speed = training_speed(check)
    concurrent = max(1, min(cpus // sweep.cpus_per_trial, sweep.max_concurrent or cpus))
    forward = sweep.trials * rounds * _forward_images(check)
    work = epochs * images + FORWARD_SHARE * forward
    return SweepEstimate(
        trials=sweep.trials,
        candidates=sweep.trials * rounds,
        images_trained=epochs * images,
        images_per_second=speed,
        concurrent=concurrent,
        minutes=work / speed / concurrent / 60,
        disk_mb=(roots + sweep.trials * rounds) * check.costs[Objective.SIZE_BYTES] / 1e6,
    )


def _forward_images(check: NetworkCheck) -> int:
    return FORWARD_PASSES * len(check.target.train.labels) + len(check.target.val.labels)
