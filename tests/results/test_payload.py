"""What is embedded in the report is small, and nothing is lost in it (figures in conftest)."""

import json
from dataclasses import replace

from tatl_search.results.payload import payload
from tatl_search.results.store import SweepResults
from tests.results.conftest import CANDIDATES, SweepWriter, baseline


def test_rows_are_those_of_trials_then_baselines(results: SweepResults) -> None:
    data = payload(results)
    labels = data["columns"]["label"]
    assert data["columns"]["baseline"] == [0] * 8 + [1] * 2
    assert labels[8:] == ["input 16 px", "input 24 px"]
    assert labels[data["knee"]] == "trial 0 round 2"
    assert labels[data["unpruned"]] == "unpruned"
    assert data["across"] == "macs"
    (macs,) = [axis for axis in data["axes"] if axis["key"] == "macs"]
    assert macs["values"][:3] == [100_000_000, 60_000_000, 30_000_000]
    # Three trials share the root's stage, two the first round's.
    assert data["columns"]["stage"] == [0, 1, 2, 0, 3, 4, 0, 1, 5, 6]
    assert data["layers"] == {"layouts": [], "widths": [None] * 7}


def test_what_settings_have_in_common_is_there_once(write_sweep: SweepWriter) -> None:
    rows = [
        replace(
            row, settings=json.dumps({"seed": 0, "data": {}, "prune": {"rate": row.trial or 7}})
        )
        for row in CANDIDATES
    ]
    other = replace(
        baseline("input 24 px", 0.9, 0.3), settings='{"seed": 3, "stop": {"after": null}}'
    )
    found = payload(write_sweep(candidates=rows, baselines=(other,)))["settings"]
    assert found["common"] == []
    assert found["paths"] == [("seed",), ("data",), ("prune", "rate"), ("stop", "after")]
    assert found["own"][1] == {0: 0, 1: {}, 2: 1}
    assert found["own"][-1] == {0: 3, 3: None}
    # What a baseline has of its own was not searched.
    assert found["told"] == [2]


def test_bounds_mark_what_does_not_keep_to_them(results: SweepResults) -> None:
    sweep = results.manifest.sweep.model_copy(
        update={"bounds": type(results.manifest.sweep.bounds).model_validate({"accuracy": 0.92})}
    )
    bounded = replace(results, manifest=results.manifest.model_copy(update={"sweep": sweep}))
    assert payload(results)["columns"]["beyond"] == []
    assert payload(bounded)["columns"]["beyond"] == [0, 0, 1, 0, 0, 1, 0, 0, 1, 1]


def test_what_json_has_no_number_for_is_null(write_sweep: SweepWriter) -> None:
    rows = [replace(row, loss=float("nan")) for row in CANDIDATES]
    data = payload(write_sweep(candidates=rows))
    (loss,) = [axis for axis in data["axes"] if axis["key"] == "loss"]
    assert loss["values"] == [None] * 8
    json.dumps(data, allow_nan=False)
