"""What is picked, and what the front says, over objectives other than accuracy and MACs."""

from dataclasses import replace

import pytest

from tatl_search.api import pick
from tatl_search.deploy.request import PickRequest
from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, FIGURES, LATENCY_MS, MACS, SIZE_BYTES, Figure
from tatl_search.results.front import front_of
from tatl_search.results.payload import payload
from tatl_search.results.plots import front_plot
from tatl_search.results.status import sweep_status
from tatl_search.results.table import front_table, sections
from tests.results.conftest import SweepWriter, pruned, unpruned, write_sweep

__all__ = ["write_sweep"]

MACRO_F1 = FIGURES["macro_f1"]

# In MACs the knee is the second of these, in bytes the first: few MACs, many bytes.
ROWS = (
    unpruned(0, reused=True),
    replace(pruned(0, 1, 0.93, 0.80, "small"), size_bytes=400_000, val_images=100_000),
    replace(pruned(0, 2, 0.90, 0.20, "quick"), size_bytes=3_600_000, val_images=100_000),
)


@pytest.mark.parametrize(("cost", "knee"), [(MACS, "quick"), (SIZE_BYTES, "small")])
def test_one_knee_wherever_it_is_shown(write_sweep: SweepWriter, cost: Figure, knee: str) -> None:
    results = write_sweep(candidates=ROWS, objectives=(ACCURACY, cost))
    found = front_of(results).knee
    assert found is not None
    assert found.stage == knee
    choice = pick(results)
    assert choice.candidate == found
    assert choice.why.startswith("the knee of the front")
    assert sweep_status(results, running=False)["knee"]["round"] == found.round
    plot = front_plot(results)
    assert plot.knee is not None
    assert plot.knee.label == found.label
    data = payload(results)
    assert (data["columns"]["label"][data["knee"]], data["across"]) == (found.label, cost.key)
    assert [row.network for row in sections(results).front if row.is_knee] == [found.label]


def test_the_cheapest_is_so_in_the_sweeps_own_cost(write_sweep: SweepWriter) -> None:
    results = write_sweep(candidates=ROWS, objectives=(ACCURACY, SIZE_BYTES))
    assert pick(results, PickRequest(min_accuracy=0.89)).candidate.stage == "small"
    assert pick(results, PickRequest(preference="min_macs")).candidate.stage == "quick"
    assert pick(results, PickRequest(max_macs=50e6)).candidate.stage == "quick"


SCORED = tuple(
    replace(row, macro_f1=f1, balanced_accuracy=balanced, latency_ms=ms)
    for row, f1, balanced, ms in zip(
        ROWS, (0.90, 0.70, 0.85), (0.91, 0.92, 0.80), (9.0, 8.0, 2.0), strict=True
    )
)


def test_macro_f1_and_latency_are_objectives_bounds_and_preferences(
    write_sweep: SweepWriter,
) -> None:
    results = write_sweep(candidates=SCORED, objectives=(MACRO_F1, LATENCY_MS))
    front = front_of(results)
    assert [row.stage for row in front.distinct()] == ["root", "quick"]
    assert front.hypervolume == pytest.approx((1 - 2 / 9) * 0.85)
    assert pick(results, PickRequest(min_macro_f1=0.8)).candidate.stage == "quick"
    assert pick(results, PickRequest(preference="max_balanced_accuracy")).candidate.stage == "small"
    weights = {MACRO_F1: 1.0, MACS: 0.1}
    assert pick(results, PickRequest(weights=weights)).candidate.stage == "root"
    with pytest.raises(InputError, match=r"no candidate has macro F1 at least 0\.9900"):
        pick(results, PickRequest(min_macro_f1=0.99))
    with pytest.raises(TypeError, match="there is no bound max_macro_f1"):
        PickRequest(max_macro_f1=0.5)
    assert sections(results).front[0].more == ("85.0", "2.00 ms")


def test_rows_without_the_figure_are_left_out_and_it_is_said(write_sweep: SweepWriter) -> None:
    """As an earlier version stored them."""
    results = write_sweep(candidates=(*ROWS[:2], SCORED[2]), objectives=(MACRO_F1, MACS))
    front = front_of(results)
    assert (front.lacking, [row.stage for row in front.distinct()]) == (2, ["quick"])
    assert "2 candidates are left out" in str(front_table(results).caption)
    assert pick(results).candidate.stage == "quick"
    none = replace(results, candidates=ROWS)
    assert front_of(none).knee is None
    with pytest.raises(InputError, match="nothing to pick from"):
        pick(none)
    front_plot(none), payload(none), front_table(none), sweep_status(none, running=False)
