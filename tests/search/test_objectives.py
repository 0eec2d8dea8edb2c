"""A real sweep over figures other than accuracy and MACs, from the launch to the pick."""

import json
from pathlib import Path
from typing import Any

import pytest

import tatl_search
from tatl_search.figures import FIGURES, GOALS, LATENCY_MS
from tatl_search.manifest import SweepManifest
from tatl_search.results.front import front_of
from tatl_search.results.front_json import front_json
from tatl_search.results.store import load_sweep
from tatl_search.search.sweep import launch
from tatl_search.space import space_from_raw
from tests.integration.audit import audit, stored_trials
from tests.search.items import hear_nothing


@pytest.mark.usefixtures("ray_here")
def test_macro_f1_against_latency(tmp_path: Path, tiny_space: dict[str, Any]) -> None:
    folder = tmp_path / "sweep"
    sweep = {
        **tiny_space["sweep"],
        "trials": 2,
        "objectives": ["macro_f1", "latency_ms"],
        "bounds": {"balanced_accuracy": 0.99, "latency_ms": 1e6},
        "budget": {"stale": {"trials": 5}},
        "early_stopping": "below_front",
    }
    space = {**tiny_space, "sweep": sweep, "baselines": [{"image_size": 24}]}
    launch(space_from_raw(space), folder, hear_nothing)

    assert audit(folder).faults == ()
    results = load_sweep(folder)
    whole = SweepManifest.read(folder).reference[LATENCY_MS]
    assert whole > 0.0
    last = {row.trial: row for row in results.candidates}
    for trial in stored_trials(folder):
        row = last[trial.number]
        assert trial.values == [row.macro_f1, row.latency_ms]
        assert row.balanced_accuracy is not None
        assert trial.constraints["balanced_accuracy"] == pytest.approx(
            (0.99 - row.balanced_accuracy) / 0.99
        )
        assert trial.constraints["latency_ms"] < 0.0
    for row in results.candidates:
        assert all(FIGURES[key].of(row) >= 0.0 for key in GOALS)
    assert [LATENCY_MS.of(row) > 0.0 for row in results.baselines] == [True]
    front = front_of(results)
    assert (front.goals.quality.key, front.goals.cost.key) == ("macro_f1", "latency_ms")
    assert front.lacking == 0
    assert 0.0 < front.log_area < 1.0
    told = json.loads(json.dumps(front_json(results, all_candidates=False)))
    assert told["log_area"] == front.log_area
    assert all(0.0 < row["macro_f1"] <= 1.0 for row in told["candidates"])
    best = tatl_search.pick(
        results, tatl_search.PickRequest(preference="max_balanced_accuracy", min_macro_f1=0.0)
    )
    assert best.candidate.balanced_accuracy == max(
        row.balanced_accuracy or 0.0 for row in results.candidates
    )
