"""Says in plain words whether pruning beats the networks a buyer would ask for first."""

import numpy as np

from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, Figure, Unit
from tatl_search.records import CandidateRecord
from tatl_search.results.front import Front, front_of, goals_of
from tatl_search.results.store import SweepResults
from tatl_search.results.words import interval, written, written_with_name


def verdict(results: SweepResults) -> str:
    """Return whether pruning beats the baselines.

    A baseline is beaten if a candidate of the front is at least as good in every objective of
    the sweep. To each baseline that is not, pruning loses, and the text says by how much.
    """
    if not results.candidates:
        return "No candidate yet."
    goals = goals_of(results)
    known = _known_baselines(results)
    if not known:
        which = " of which the objectives are known" if results.baselines else ""
        return (
            f"No baseline was run{which}, so nothing here says that pruning beats a smaller network"
            " or a smaller input."
        )
    lost = lost_baselines(results)
    if not lost:
        return (
            f"Pruning beats {_all_of(len(known))}: a candidate is at least as {_good(goals)} at no"
            f" more {_cost_names(goals)}."
        )
    told = [f"Pruning loses to {_loss(results, row)}" for row in lost]
    return " ".join([*told, f"It beats {len(known) - len(lost)} of {len(known)} baselines."])


def worth_text(front: Front) -> str:
    """Return what a front is worth, the area that counts every halving of the cost alike first."""
    return (
        f"Log area {front.log_area:.4f}, area {front.area:.4f} ({front.goals.quality.name} over"
        f" {front.goals.cost.name}), hypervolume {front.hypervolume:.4f}."
    )


def lacking_text(front: Front) -> str:
    """Return how many candidates are on no front since a figure is missing; empty for none."""
    if not front.lacking:
        return ""
    known = " or ".join(figure.name for figure in front.goals.objectives)
    return (
        f"{front.lacking} candidates are left out: their {known} is not known, as where an earlier"
        " version stored them."
    )


def lost_baselines(results: SweepResults) -> tuple[CandidateRecord, ...]:
    """Return the baselines that no candidate equals or beats in every objective."""
    goals = goals_of(results)
    front = goals.minimised(front_of(results).members())
    known = _known_baselines(results)
    values = goals.minimised(known)
    return tuple(
        row
        for row, own in zip(known, values, strict=True)
        if not np.any(np.all(front <= own, axis=1))
    )


def _known_baselines(results: SweepResults) -> tuple[CandidateRecord, ...]:
    """Return the baselines of which every objective is known."""
    goals = goals_of(results)
    return tuple(row for row in results.baselines if not goals.lacking([row]))


def _loss(results: SweepResults, baseline: CandidateRecord) -> str:
    """Return what a baseline reaches, and what pruning reaches at its cost."""
    goals = goals_of(results)
    price = written_with_name(goals.cost.of(baseline), goals.cost)
    reached = f"{baseline.label}: {written(goals.quality.of(baseline), goals.quality)} at {price}"
    affordable = [
        row
        for row in results.candidates
        if not goals.lacking([row])
        and all(cost.of(row) <= cost.of(baseline) for cost in goals.costs)
    ]
    if not affordable:
        return f"{reached}, where no candidate is that cheap."
    best = max(affordable, key=goals.quality.of)
    told = written(goals.quality.of(best), goals.quality)
    text = f"{reached}, where the best candidate that costs no more reaches {told}"
    if _may_be_equal(best, baseline, goals.quality):
        return f"{text} (their 95 % intervals overlap: this may be chance)."
    return f"{text}."


def _may_be_equal(best: CandidateRecord, baseline: CandidateRecord, quality: Figure) -> bool:
    ours, theirs = interval(best, quality), interval(baseline, quality)
    return ours is not None and theirs is not None and ours[1] >= theirs[0]


def _good(goals: Goals) -> str:
    if goals.qualities == (ACCURACY,):
        return "accurate"
    return f"good in {' and '.join(figure.name for figure in goals.qualities)}"


def _cost_names(goals: Goals) -> str:
    names = ("bytes" if cost.unit is Unit.BYTES else cost.name for cost in goals.costs)
    return " and ".join(names)


def _all_of(count: int) -> str:
    return "the baseline" if count == 1 else f"all {count} baselines"
