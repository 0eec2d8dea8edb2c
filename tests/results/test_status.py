"""What a sweep says of itself (figures in conftest)."""

import json
from dataclasses import replace

import pytest

from tatl_search.config import BoundSettings
from tatl_search.records import TrialState
from tatl_search.results.front_json import front_json
from tatl_search.results.status import status_text, sweep_status
from tatl_search.results.store import SweepResults
from tests.results.conftest import SweepWriter
from tests.results.test_front import FULL_IMAGES, LOG_AREA, UNKNOWN


def test_the_state_as_json(results: SweepResults) -> None:
    status = json.loads(json.dumps(sweep_status(results, running=True)))
    assert status == {
        "sweep": "made",
        "running": True,
        "trials_wanted": 4,
        "trials": 4,
        "ended_by": None,
        "paused": None,
        "stopped_early": 0,
        "infeasible": {"collapsed": 1},
        "candidates": 10,
        "on_front": 4,
        "bounds": {},
        "within_bounds": 4,
        "unpruned_accuracy": 0.95,
        "best_accuracy": 0.95,
        "quality": "accuracy",
        "cost": "macs",
        "knee": {
            **UNKNOWN, "label": "trial 0 round 2",
            "trial": 0, "round": 2, "accuracy": 0.90, "macs": 30_000_000, "parameters": 300_000,
            "size_bytes": 1_200_000,
        },
        "hypervolume": pytest.approx(0.716),
        "log_area": pytest.approx(LOG_AREA),
        "area": pytest.approx(0.716 / 0.9),
        "images_trained": 11_000,
        "full_images": pytest.approx(FULL_IMAGES),
        "wall_seconds": None,
        "images_wanted": None,
        "images_forward": 3_300,
        "images_saved": 2_500,
        "images_confirming": 0,
        "seconds": 16.5,
    }  # fmt: skip


def test_the_state_in_words(results: SweepResults) -> None:
    assert status_text(sweep_status(results, running=False)).splitlines() == [
        "made: not running, 4 of 4 trials ended",
        "  1 infeasible: collapsed",
        "10 candidates, 4 networks on the front, log area 0.3014, area 0.7956, hypervolume 0.7160",
        "validation accuracy: best 95.0 %, unpruned 95.0 %",
        "knee: trial 0 round 2, 90.0 % at 30.0 M MACs",
        "11,000 images trained, times the share of the MACs 4,300; wall-clock not known",
        "3,300 images forward only, 2,500 saved by reuse, 16 s of work",
    ]


def test_an_unfinished_sweep_says_how_to_go_on(write_sweep: SweepWriter) -> None:
    status = sweep_status(write_sweep(candidates=()), running=False) | {"trials": 1}
    lines = status_text(status).splitlines()
    assert lines[0].endswith("1 of 4 trials ended; go on with `tatl-search resume`")
    assert "0 candidates" in lines[2]


def test_bounds_stops_and_a_budget_are_told(results: SweepResults) -> None:
    """Of the front, 0.94 at 60 M and 0.90 at 30 M keep to both bounds."""
    bounds = BoundSettings.model_validate({"accuracy": 0.8, "macs": 60e6})
    sweep = results.manifest.sweep.model_copy(update={"bounds": bounds})
    bounded = replace(
        results,
        manifest=results.manifest.model_copy(update={"sweep": sweep}),
        trials=(*results.trials[:2], replace(results.trials[2], state=TrialState.STOPPED)),
        ended_by="budget.minutes: 60.0 of 60",
    )
    lines = status_text(sweep_status(bounded, running=False)).splitlines()
    assert lines[:3] == [
        "made: not running, 3 of 4 trials ended",
        "ended by its budget.minutes: 60.0 of 60",
        "  1 stopped early",
    ]
    assert "2 of them keep to the bounds" in lines
    marked = front_json(bounded, all_candidates=False)["candidates"]
    assert [row["within_bounds"] for row in marked] == [False, True, True, False]
