"""Widths are read from stored structures; what is not whole is left out."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tatl_search.results.layers import Layout, layers_of
from tatl_search.results.store import SweepResults

WHOLE = {
    "stem": {"in_channels": 3, "out_channels": 8, "groups": 1},
    "bn": {"num_features": 8},
    "deep": {"in_channels": 8, "out_channels": 8, "groups": 8},
    "head": {"in_features": 8, "out_features": 10},
}
NARROW = {
    "stem": {"in_channels": 3, "out_channels": 1, "groups": 1},
    "bn": {"num_features": 1},
    "deep": {"in_channels": 1, "out_channels": 1, "groups": 1},
    "head": {"in_features": 1, "out_features": 10},
}


def store(results: SweepResults, stage: str, widths: Mapping[str, Mapping[str, int]]) -> Path:
    """Write a stage's structure, as if its weights had been evicted."""
    path = results.folder.stages / stage / "structure.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps({"network": "timm/small", "widths": widths}))
    return path


def test_widths_are_those_of_outputs(results: SweepResults) -> None:
    store(results, "root", WHOLE)
    store(results, "a1", NARROW)
    layers = layers_of(results, ["root", "a1", "root", "gone"])
    # One channel no longer tells that it is depthwise; the unpruned network does.
    assert layers.layouts == (Layout("timm/small", ("stem", "deep", "head"), (False, True, False)),)
    assert layers.widths == {"root": (0, (8, 8, 10)), "a1": (0, (1, 1, 10))}


def test_other_networks_have_layouts_of_their_own(results: SweepResults) -> None:
    store(results, "root", WHOLE)
    store(results, "a1", {"only": {"in_features": 4, "out_features": 2}})
    layers = layers_of(results, ["root", "a1"])
    assert [layout.names for layout in layers.layouts] == [("stem", "deep", "head"), ("only",)]
    assert layers.widths["a1"] == (1, (2,))


@pytest.mark.parametrize(
    "text", ["", "[]", '{"widths": 3}', '{"widths": {"a": {"out_channels": "x"}}}']
)
def test_a_damaged_structure_is_named_and_left_out(
    results: SweepResults, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    store(results, "root", WHOLE).write_text(text)
    assert layers_of(results, ["root"]).widths == {}
    assert "structure.json is damaged" in caplog.text
