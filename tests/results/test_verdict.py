"""Whether pruning beats the baselines, said plainly (figures in conftest)."""

from tatl_search.figures import ACCURACY, MACS, SIZE_BYTES
from tatl_search.results.store import SweepResults
from tatl_search.results.verdict import unbeaten_baselines, verdict
from tests.results.conftest import SweepWriter, baseline


def test_baselines_of_the_front_are_named(contested: SweepResults) -> None:
    assert [row.label for row in unbeaten_baselines(contested)] == ["input 24 px"]
    assert verdict(contested) == (
        "1 of the front's 4 networks is a baseline: input 24 px reaches 92.0 % at 30.0 M MACs,"
        " pruning 90.0 % at no more (their 95 % intervals overlap: this may be chance). The other"
        " one is beaten."
    )


def test_a_baseline_that_another_one_beats_is_not_on_the_front(write_sweep: SweepWriter) -> None:
    rows = (baseline("better", 0.97, 0.25), baseline("worse", 0.96, 0.28))
    results = write_sweep(baselines=rows)
    assert [row.label for row in unbeaten_baselines(results)] == ["better"]
    assert "1 of the front's 2 networks is a baseline: better" in verdict(results)
    assert verdict(results).endswith("The other one is beaten.")


def test_a_clear_loss_is_not_put_down_to_chance(write_sweep: SweepWriter) -> None:
    results = write_sweep(baselines=(baseline("small net", 0.99, 0.30),))
    assert verdict(results).endswith("at 30.0 M MACs, pruning 90.0 % at no more.")


def test_a_baseline_cheaper_than_all_that_was_pruned(write_sweep: SweepWriter) -> None:
    results = write_sweep(baselines=(baseline("tiny", 0.5, 0.01),))
    assert (
        "tiny reaches 50.0 % at 1.00 M MACs, where no network of a trial is that cheap."
        in verdict(results)
    )


def test_equal_is_beaten_and_all_may_be(write_sweep: SweepWriter) -> None:
    rows = (baseline("equal", 0.94, 0.60), baseline("worse", 0.6, 0.9))
    results = write_sweep(baselines=rows)
    assert unbeaten_baselines(results) == ()
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
