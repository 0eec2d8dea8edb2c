"""Says in plain words how pruning stands to the networks a buyer would ask for first."""

import numpy as np

from tatl_search.core.goals import Goals
from tatl_search.figures import ACCURACY, Figure, Unit
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.front import Front, front_of, goals_of
from tatl_search.results.store import SweepResults
from tatl_search.results.words import interval, written, written_with_name


def verdict(results: SweepResults) -> str:
    """Return which networks of the front are baselines, and whether pruning beats the others.

    A baseline is beaten if a network of a trial is at least as good in every objective of the
    sweep. Of each that stands on the front the text says what pruning reaches at its cost.
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
    unbeaten = unbeaten_baselines(results)
    if not unbeaten:
        return (
            f"Pruning beats {_all_of(len(known))}: a candidate is at least as {_good(goals)} at no"
            f" more {_cost_names(goals)}."
        )
    networks = len(front_of(results).distinct())
    told = [
        f"{len(unbeaten)} of the front's {networks} networks"
        f" {'is a baseline' if len(unbeaten) == 1 else 'are baselines'}:"
        f" {'; '.join(_reached(results, row) for row in unbeaten)}."
    ]
    if others := len(known) - len(unbeaten):
        told.append(f"The other {'one is' if others == 1 else f'{others} are'} beaten.")
    return " ".join(told)


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


def unbeaten_baselines(results: SweepResults) -> tuple[CandidateRecord, ...]:
    """Return the baselines of the front, from large to small, that no trial's network equals."""
    goals, front = goals_of(results), front_of(results).distinct()
    members = [row for row in front if row.kind is Kind.BASELINE]
    found = goals.minimised(_of_trials(results))
    own = goals.minimised(members)
    return tuple(
        row
        for row, values in zip(members, own, strict=True)
        if not np.any(np.all(found <= values, axis=1))
    )


def _of_trials(results: SweepResults) -> list[CandidateRecord]:
    return [row for row in results.candidates if row.kind is not Kind.BASELINE]


def _known_baselines(results: SweepResults) -> tuple[CandidateRecord, ...]:
    """Return the baselines of which every objective is known."""
    goals = goals_of(results)
    return tuple(row for row in results.baselines if not goals.lacking([row]))


def _reached(results: SweepResults, baseline: CandidateRecord) -> str:
    """Return what a baseline reaches, and what pruning reaches at its cost."""
    goals = goals_of(results)
    price = written_with_name(goals.cost.of(baseline), goals.cost)
    told = written(goals.quality.of(baseline), goals.quality)
    reached = f"{baseline.label} reaches {told} at {price}"
    affordable = [
        row
        for row in _of_trials(results)
        if not goals.lacking([row])
        and all(cost.of(row) <= cost.of(baseline) for cost in goals.costs)
    ]
    if not affordable:
        return f"{reached}, where no network of a trial is that cheap"
    best = max(affordable, key=goals.quality.of)
    text = f"{reached}, pruning {written(goals.quality.of(best), goals.quality)} at no more"
    if _may_be_equal(best, baseline, goals.quality):
        return f"{text} (their 95 % intervals overlap: this may be chance)"
    return text


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
