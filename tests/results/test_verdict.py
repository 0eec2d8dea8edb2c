"""Whether pruning beats the baselines, said plainly (figures in conftest)."""

from tatl_search.figures import ACCURACY, MACS, SIZE_BYTES
from tatl_search.results.store import SweepResults
from tatl_search.results.verdict import lost_baselines, verdict
from tests.results.conftest import SweepWriter, baseline


def test_a_baseline_that_is_not_dominated_is_a_loss(results: SweepResults) -> None:
    assert [row.label for row in lost_baselines(results)] == ["input 24 px"]
    assert verdict(results) == (
        "Pruning loses to input 24 px: 92.0 % at 30.0 M MACs, where the best candidate that costs"
        " no more reaches 90.0 % (their 95 % intervals overlap: this may be chance). It beats 1"
        " of 2 baselines."
    )


def test_a_clear_loss_is_not_put_down_to_chance(write_sweep: SweepWriter) -> None:
    results = write_sweep(baselines=(baseline("small net", 0.99, 0.30),))
    assert "reaches 90.0 %. It beats 0 of 1 baselines." in verdict(results)


def test_a_baseline_cheaper_than_every_candidate_is_a_loss(write_sweep: SweepWriter) -> None:
    results = write_sweep(baselines=(baseline("tiny", 0.5, 0.01),))
    assert "tiny: 50.0 % at 1.00 M MACs, where no candidate is that cheap." in verdict(results)


def test_equal_is_beaten_and_all_may_be(write_sweep: SweepWriter) -> None:
    rows = (baseline("equal", 0.94, 0.60), baseline("worse", 0.6, 0.9))
    results = write_sweep(baselines=rows)
    assert lost_baselines(results) == ()
    assert verdict(results) == (
        "Pruning beats all 2 baselines: a candidate is at least as accurate at no more MACs."
    )


def test_three_objectives_must_all_be_met(write_sweep: SweepWriter) -> None:
    three = (ACCURACY, MACS, SIZE_BYTES)
    results = write_sweep(baselines=(baseline("one", 0.94, 0.60),), objectives=three)
    assert verdict(results) == (
        "Pruning beats the baseline: a candidate is at least as accurate at no more MACs and bytes."
    )


def test_without_baselines_nothing_is_claimed(write_sweep: SweepWriter) -> None:
    assert verdict(write_sweep()).startswith("No baseline was run")


def test_without_candidates_there_is_no_verdict(write_sweep: SweepWriter) -> None:
    assert verdict(write_sweep(candidates=())) == "No candidate yet."
