"""Says in plain words whether pruning beats the networks a buyer would ask for first."""

import numpy as np

from tatl_search.config import Objective
from tatl_search.manifest import SweepManifest
from tatl_search.records import CandidateRecord
from tatl_search.results.front import costs, front_of, main_cost, objective_values, value
from tatl_search.results.store import SweepResults
from tatl_search.results.words import COST_NAMES, cost_with_name, interval, percent


def verdict(results: SweepResults) -> str:
    """Return whether pruning beats the baselines.

    A baseline is beaten if a candidate of the front is at least as good in every objective of
    the sweep. To each baseline that is not, pruning loses, and the text says by how much.
    """
    if not results.candidates:
        return "No candidate yet."
    if not results.baselines:
        return (
            "No baseline was run, so nothing here says that pruning beats a smaller network or a"
            " smaller input."
        )
    lost = lost_baselines(results)
    if not lost:
        return (
            f"Pruning beats {_all_of(len(results.baselines))}: a candidate is at least as accurate"
            f" at no more {_cost_names(results.manifest)}."
        )
    beaten = len(results.baselines) - len(lost)
    told = [f"Pruning loses to {_loss(results, row)}" for row in lost]
    return " ".join([*told, f"It beats {beaten} of {len(results.baselines)} baselines."])


def lost_baselines(results: SweepResults) -> tuple[CandidateRecord, ...]:
    """Return the baselines that no candidate equals or beats in every objective."""
    front = objective_values(results.manifest, front_of(results).members())
    values = objective_values(results.manifest, results.baselines)
    return tuple(
        row
        for row, own in zip(results.baselines, values, strict=True)
        if not np.any(np.all(front <= own, axis=1))
    )


def _loss(results: SweepResults, baseline: CandidateRecord) -> str:
    """Return what a baseline reaches, and what pruning reaches at its cost."""
    objective = main_cost(results.manifest)
    price = cost_with_name(value(baseline, objective), objective)
    reached = f"{baseline.label}: {percent(baseline.accuracy)} at {price}"
    affordable = [row for row in results.candidates if _no_dearer(row, baseline, results.manifest)]
    if not affordable:
        return f"{reached}, where no candidate is that cheap."
    best = max(affordable, key=lambda row: row.accuracy)
    text = (
        f"{reached}, where the best candidate that costs no more reaches {percent(best.accuracy)}"
    )
    if interval(best)[1] >= interval(baseline)[0]:
        return f"{text} (their 95 % intervals overlap: this may be chance)."
    return f"{text}."


def _no_dearer(row: CandidateRecord, than: CandidateRecord, manifest: SweepManifest) -> bool:
    return all(value(row, cost) <= value(than, cost) for cost in costs(manifest))


def _cost_names(manifest: SweepManifest) -> str:
    return " and ".join(COST_NAMES[cost] for cost in costs(manifest)).replace(
        COST_NAMES[Objective.SIZE_BYTES], "bytes"
    )


def _all_of(count: int) -> str:
    return "the baseline" if count == 1 else f"all {count} baselines"
