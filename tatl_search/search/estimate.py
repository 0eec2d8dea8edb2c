"""What a sweep will cost, estimated before anything runs."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tatl_search.config import BudgetSettings, Decides
from tatl_search.core.expense import planned
from tatl_search.figures import MACS, SIZE_BYTES
from tatl_search.search.folder import checked
from tatl_search.search.preflight import NetworkCheck, training_speed
from tatl_search.search.rungs import RUNG
from tatl_search.search.variants import (
    middle,
    most_epochs,
    references,
    shared_roots,
    variants,
    waits_for_roots,
)
from tatl_search.space import Range, SearchSpace

FORWARD_SHARE = 0.3
"""Time of a forward-only image as a share of a training one (measured: docs/architecture.md)."""

FORWARD_PASSES = 2
"""Passes over the training images in each round: statistics and batch-norm."""


@dataclass(frozen=True)
class SweepEstimate:
    """An upper bound of what a sweep costs: trials of full length, up to its budget.

    Nothing is shared but roots.

    Attributes:
        trials: adaptations at most.
        candidates: networks, the unpruned ones not counted.
        images_trained: images through backward, baselines included.
        images_per_second: measured on this machine with the unpruned network.
        concurrent: trials that run at once on this machine.
        minutes: wall-clock on this machine.
        disk_mb: for the stored networks.
        budget: what may end the sweep earlier, in words; empty for nothing.
        warnings: what people should know before they launch it.
    """

    trials: int
    candidates: int
    images_trained: int
    images_per_second: float
    concurrent: int
    minutes: float
    disk_mb: float
    budget: str = ""
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the estimate as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        return (
            f"{self.trials} trials, at most {self.candidates} candidates and"
            f" {self.images_trained:,} training images\n"
            f"about {math.ceil(self.minutes):,} min on this machine's CPUs at most"
            f" ({self.concurrent} at once, {self.images_per_second:.0f} images/s each)\n"
            f"{self.disk_mb:,.0f} MB of disk at most\n"
            "Pruned networks train faster and shared rounds are paid once: expect less."
            + (f"\nIts budget may end it earlier: {self.budget}." if self.budget else "")
            + "".join(f"\nWarning: {warning}" for warning in self.warnings)
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
    with TemporaryDirectory() as cache:
        # What is mapped stays readable when its name is gone.
        checks, _ = checked(space, sweep, Path(cache), min(sweep.cpus_per_trial, cpus))
    check = max(checks, key=lambda found: found.costs[MACS])
    images = max(len(found.target.train.labels) for found in checks)
    longest, rounds = most_epochs(space), _most_rounds(space) - _promoted_pieces(space)
    each = longest - _promoted_pieces(space) * _epochs_of_a_piece(space)
    shared = [root.finetune.epochs for root in shared_roots(space)]
    roots = len(shared) or sweep.trials
    epochs = sweep.trials * each + sum(baseline.epochs or longest for baseline in sweep.baselines)
    if shared:
        epochs -= sweep.trials * min(shared) - sum(shared)
    elif not waits_for_roots(space):
        epochs += sum(root.finetune.epochs for root in references(space))
    speed = training_speed(check)
    concurrent = max(1, min(cpus // sweep.cpus_per_trial, sweep.max_concurrent or cpus))
    forward = (roots + sweep.trials * rounds) * _forward_images(check)
    work = epochs * images + FORWARD_SHARE * forward
    first = _first_trial(space, images)
    first_s = (first + FORWARD_SHARE * rounds * _forward_images(check)) / speed
    share = _share_held(sweep.budget, epochs * images, minutes := work / speed / concurrent / 60)
    trained = math.floor(share * epochs * images)
    # Whatever is drawn, a network takes an epoch.
    candidates = min(sweep.trials * rounds, trained // images)
    return SweepEstimate(
        trials=sweep.trials,
        candidates=candidates,
        images_trained=trained,
        images_per_second=speed,
        concurrent=concurrent,
        minutes=share * minutes,
        disk_mb=(min(roots, trained // images) + candidates) * check.costs[SIZE_BYTES] / 1e6,
        budget=_in_words(sweep.budget),
        warnings=_small_budgets(sweep.budget, first, first_s / 60),
    )


def _share_held(budget: BudgetSettings, images: int, minutes: float) -> float:
    """Return which share of all that trials could train the budgets hold."""
    limits = ((budget.to_search, images), (budget.minutes, minutes))
    held = (limit / most for limit, most in limits if limit is not None and most > 0)
    return min((1.0, *held))


def small_budget(space: SearchSpace, checks: Sequence[NetworkCheck]) -> tuple[str, ...]:
    """Return what to say of a budget of images that holds no trial to its end; at most one note."""
    images = max(len(found.target.train.labels) for found in checks)
    return _small_budgets(space.sweep.budget, _first_trial(space, images), minutes=0.0)


def _first_trial(space: SearchSpace, images: int) -> int:
    """Return the images that a first trial of middling settings trains, its root included."""
    needs = planned(middle(space), images)
    pieces = min(needs.pieces, _rungs(space).low) if space.sweep.promote else needs.pieces
    return needs.first + needs.rounds * needs.round_images + int(pieces) * needs.piece_images


def _small_budgets(budget: BudgetSettings, images: int, minutes: float) -> tuple[str, ...]:
    """Return a warning of each budget that is less than a single trial is expected to need."""
    given = (
        ("images_trained", budget.to_search, images, f"{images:,} images"),
        ("minutes", budget.minutes, minutes, f"{minutes:.1f} minutes"),
    )
    return tuple(
        f"sweep.budget.{name} is {limit:,}, but a single trial is expected to need {needed};"
        " the first one will be stopped when it is used up"
        for name, limit, need, needed in given
        if limit is not None and limit < need
    )


def _in_words(budget: BudgetSettings) -> str:
    """Return what a budget allows."""
    stale = budget.stale
    limits = (
        (budget.minutes, f"{budget.minutes or 0:g} min"),
        (budget.images_trained, _images_in_words(budget)),
        (budget.gpu_hours, f"{budget.gpu_hours or 0:g} GPU-hours"),
        (
            stale,
            f"{stale.trials} trials without {100 * stale.growth:g} % more log area"
            if stale
            else "",
        ),
    )
    return ", ".join(text for limit, text in limits if limit is not None)


def _images_in_words(budget: BudgetSettings) -> str:
    kept = f", {budget.to_confirm:,} of them to confirm the front" if budget.confirm else ""
    return f"{budget.images_trained or 0:,} training images{kept}"


def _most_rounds(space: SearchSpace) -> int:
    """Return the networks that a trial finds at most, besides the first."""
    every = variants(space, space.deciding(Decides.ENDING), position=1.0)
    return max(config.ending.max_rounds + config.finish.networks for config in every)


def _promoted_pieces(space: SearchSpace) -> int:
    """Return the pieces of finishing that no trial pays for together with all before."""
    if not space.sweep.promote:
        return 0
    pieces = _rungs(space)
    return int(pieces.high - pieces.low)


def _rungs(space: SearchSpace) -> Range:
    """Return the pieces of finishing that trials are promoted through."""
    pieces = dict(space.parameters)[RUNG]
    assert isinstance(pieces, Range)
    return pieces


def _epochs_of_a_piece(space: SearchSpace) -> int:
    """Return the epochs of the longest piece of finishing."""
    every = variants(space, space.deciding(Decides.ENDING), position=1.0)
    return max(config.finish.epochs for config in every)


def _forward_images(check: NetworkCheck) -> int:
    return FORWARD_PASSES * len(check.target.train.labels) + len(check.target.val.labels)
