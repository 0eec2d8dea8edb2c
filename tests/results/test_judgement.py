"""A front on images that no search saw, against sums done by hand (figures in conftest)."""

import io
import json
import math
from dataclasses import replace

import pytest
from rich.console import Console

from tatl_search.core.confidence import wilson_interval
from tatl_search.figures import FIGURES, MACS
from tatl_search.results.arms import Arm
from tatl_search.results.compare import compare
from tatl_search.results.compare_table import comparison_text
from tatl_search.results.front import goals_of
from tatl_search.results.front_json import front_json
from tatl_search.results.judgement import judgement_of
from tatl_search.results.payload import payload
from tatl_search.results.sections import cost_section
from tatl_search.results.store import SweepResults
from tatl_search.results.table import front_table
from tests.results.test_front import LOG_AREA

# From a share of 0.2 to 0.3, to 0.6, to 1.
TEST_AREA = (0.66 * 0.1 + 0.85 * 0.3 + 0.94 * 0.4) / 0.9
TEST_LOG_AREA = (0.66 * math.log(1.5) + 0.85 * math.log(2) + 0.94 * math.log(1 / 0.6)) / math.log(
    100
)


def text_of(shown: object, width: int = 80) -> str:
    console = Console(width=width, file=io.StringIO(), record=True)
    console.print(shown)
    return console.export_text()


def test_before_anything_is_judged_there_is_nothing_to_tell(results: SweepResults) -> None:
    assert judgement_of(results) is None
    told = front_json(results, all_candidates=True)
    assert told["test"] is None
    assert "test_accuracy" not in told["candidates"][0]
    assert "test" not in text_of(front_table(results))
    assert payload(results)["columns"]["test"] == []


def test_the_bias_is_validation_minus_test(judged_results: SweepResults) -> None:
    found = judgement_of(judged_results)
    assert found is not None
    assert (found.networks, found.missing) == (4, 0)
    assert found.log_area is not None
    assert (found.log_area.validation, found.log_area.test) == pytest.approx(
        (LOG_AREA, TEST_LOG_AREA)
    )
    assert found.area is not None
    assert (found.area.validation, found.area.test) == pytest.approx((0.716 / 0.9, TEST_AREA))
    assert found.area.bias == pytest.approx(0.716 / 0.9 - TEST_AREA)


def test_validation_chooses_whatever_the_test_images_say(judged_results: SweepResults) -> None:
    """0.90 at 0.3 is bought though the judge finds the cheaper network better."""
    lucky = [
        replace(row, accuracy=0.99) if row.stage == "b2" else row for row in judged_results.judged
    ]
    found = judgement_of(replace(judged_results, judged=tuple(lucky)))
    assert found is not None
    assert found.area is not None
    assert found.area.test == pytest.approx((0.99 * 0.1 + 0.85 * 0.3 + 0.94 * 0.4) / 0.9)


def test_the_quality_of_the_sweep_is_what_is_judged(
    judged_results: SweepResults,
) -> None:
    goals = replace(goals_of(judged_results), objectives=(FIGURES["balanced_accuracy"], MACS))
    rows = tuple(replace(row, balanced_accuracy=row.accuracy) for row in judged_results.candidates)
    found = judgement_of(replace(judged_results, candidates=rows), goals)
    assert found is not None
    assert found.area is not None
    assert found.area.test == pytest.approx(TEST_AREA)


def test_a_front_that_was_judged_in_part_says_so(judged_results: SweepResults) -> None:
    some = tuple(row for row in judged_results.judged if row.stage != "a2")
    part = replace(judged_results, judged=some)
    found = judgement_of(part)
    assert found is not None
    assert (found.missing, found.log_area, found.area) == (1, None, None)
    assert "1 of the front's 4 networks were not judged" in str(found)
    assert "4 networks were not judged" in cost_section(part)
    assert front_json(part, all_candidates=False)["test"]["log_area"] is None


def test_json_and_table_hold_it_beside_validation(judged_results: SweepResults) -> None:
    told = json.loads(json.dumps(front_json(judged_results, all_candidates=False)))
    assert told["test"]["log_area"] == pytest.approx(
        {"validation": LOG_AREA, "test": TEST_LOG_AREA, "bias": LOG_AREA - TEST_LOG_AREA}
    )
    low, high = wilson_interval(0.85, 1000)
    row = told["candidates"][2]
    assert [row[f"test_{name}"] for name in ("accuracy", "low", "high", "images")] == [
        0.85, low, high, 1000,
    ]  # fmt: skip
    by_label = {each["label"]: each["test_accuracy"] for each in told["baselines"]}
    assert by_label == {"input 16 px": None, "input 24 px": 0.91}
    text = text_of(front_table(judged_results))
    assert "…" not in text
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert any("85.0" in line and "90.0" in line for line in lines)
    assert f"log area {TEST_LOG_AREA:.4f} ({LOG_AREA - TEST_LOG_AREA:+.4f})" in " ".join(lines)


def test_the_report_holds_it(judged_results: SweepResults) -> None:
    data = payload(judged_results)["columns"]
    by_label = dict(zip(data["label"], data["test"], strict=True))
    assert by_label["trial 0 round 2"][0] == 0.85
    assert by_label["trial 1 round 1"] is None
    told = cost_section(judged_results)
    for figure in (TEST_LOG_AREA, TEST_AREA):
        assert f"<td>{figure:.4f}</td>" in told
    assert f"<td>{LOG_AREA - TEST_LOG_AREA:+.4f}</td>" in told


def test_a_comparison_tells_the_bias_where_all_were_judged(
    judged_results: SweepResults,
) -> None:
    shy = replace(judged_results, judged=())
    found = compare([Arm("ours", (judged_results,)), Arm("theirs", (shy,))])
    ours, theirs = (arm.sweeps[0] for arm in found.arms)
    assert ours.test_log_area == pytest.approx(TEST_LOG_AREA)
    assert ours.log_area_bias == pytest.approx(LOG_AREA - TEST_LOG_AREA)
    assert (theirs.test_log_area, theirs.area_bias) == (None, None)
    assert [pair.test_log_area for pair in found.paired] == [None]
    told = found.to_dict()["arms"]
    assert told[0]["test_area"]["mean"] == pytest.approx(TEST_AREA)
    assert told[1]["test_area"] is None
    text = text_of(comparison_text(found, []))
    (line,) = [line for line in text.splitlines() if "not judged" in line]
    assert line.split()[0] == "theirs"
    both = compare([Arm("ours", (judged_results,)), Arm("again", (judged_results,))])
    (pair,) = both.paired
    assert pair.test_log_area is not None
    assert pair.test_log_area.spread.mean == 0.0
