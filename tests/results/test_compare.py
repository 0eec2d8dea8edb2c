"""Comparisons whose figures can be checked by eye."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from matplotlib import image
from rich.console import Console

from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder
from tatl_search.results.arms import Arm, checked, grouped
from tatl_search.results.compare import compare
from tatl_search.results.compare_plot import draw_comparison, mean_staircase
from tatl_search.results.compare_table import comparison_text
from tatl_search.results.front import Staircase
from tatl_search.results.picture import save_picture
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.tracking.parquet import ParquetTracker
from tests.results.conftest import manifest, pruned, unpruned

Networks = Sequence[tuple[float, float]]
MakeSweep = Callable[..., SweepResults]


@pytest.fixture
def sweep(tmp_path: Path) -> MakeSweep:
    """Return what makes a sweep of one trial: 0.95 at all MACs, and (accuracy, share) after."""

    def make(name: str, networks: Networks, seed: int = 0, threshold: float = 0.9) -> SweepResults:
        folder = SweepFolder(tmp_path / name)
        folder.root.mkdir()
        made = manifest(name, [ACCURACY, MACS])
        space = {"seed": seed, "prune": {"threshold": threshold}}
        folder.manifest.write_text(made.model_copy(update={"space": space}).to_yaml())
        tracker = ParquetTracker(folder)
        tracker.candidate(unpruned(0, reused=False))
        for number, (accuracy, share) in enumerate(networks, start=1):
            tracker.candidate(pruned(0, number, accuracy, share, f"{name}-{number}"))
        return load_sweep(folder.root)

    return make


def test_sweeps_that_differ_in_the_seed_are_one_arm(sweep: MakeSweep) -> None:
    sweeps = [
        sweep("ours-seed-0", [], seed=0),
        sweep("theirs", [], threshold=0.5),
        sweep("ours-seed-1", [], seed=1),
    ]
    arms = grouped(sweeps)
    assert [(arm.label, len(arm.sweeps)) for arm in arms] == [("ours", 2), ("theirs", 1)]


def test_volumes_have_one_reference_point(sweep: MakeSweep) -> None:
    """The other network is twice as large: its MACs are the reference of both.

    a covers 0.5 x 0.95 beyond the share of 0.5, and 0.9 x 0.25 from 0.25 to 0.5.
    """
    a = sweep("a", [(0.9, 0.5)])
    larger = replace(
        a,
        manifest=a.manifest.model_copy(update={"name": "b", "reference": {MACS: 200_000_000.0}}),
    )
    found = compare([Arm("a", (a,)), Arm("b", (larger,))])
    assert found.goals.reference == {MACS: 200_000_000.0}
    volumes = [arm.sweeps[0].hypervolume for arm in found.arms]
    assert volumes == pytest.approx([0.5 * 0.95 + 0.25 * 0.9] * 2)
    areas = [arm.sweeps[0].area for arm in found.arms]
    assert areas == pytest.approx([(0.5 * 0.95 + 0.25 * 0.9) / 0.9] * 2)


def test_who_covers_whom(sweep: MakeSweep) -> None:
    """a's front: 0.95 at 1, 0.92 at 0.5, 0.80 at 0.2. b's: 0.95 at 1, 0.90 at 0.6, 0.85 at 0.1.

    a covers the unpruned one (equal) and 0.90 at 0.6; b the unpruned one and 0.80 at 0.2.
    """
    a, b = sweep("a", [(0.92, 0.5), (0.80, 0.2)]), sweep("b", [(0.90, 0.6), (0.85, 0.1)])
    found = compare([Arm("a", (a,)), Arm("b", (b,))])
    assert found.coverage == pytest.approx({("a", "b"): 2 / 3, ("b", "a"): 2 / 3})


def test_seeds_give_mean_spread_and_pairs(sweep: MakeSweep) -> None:
    """Each network's rectangle lies between its share and 1: volumes 0.95 - 0.5 (0.95 - acc.)."""
    ours = [sweep(f"a{n}", [(0.90 + n / 100, 0.5)], seed=n) for n in range(3)]
    theirs = [sweep(f"b{n}", [(0.88, 0.5)], seed=n) for n in (1, 2, 7)]
    found = compare([Arm("ours", tuple(ours)), Arm("theirs", tuple(theirs))])
    volumes = [0.5 * (0.90 + n / 100) for n in range(3)]
    spread = found.arms[0].spread("hypervolume")
    assert spread is not None
    assert (spread.mean, spread.deviation) == pytest.approx(
        (np.mean(volumes), np.std(volumes, ddof=1))
    )
    (pair,) = found.paired
    assert (pair.first, pair.second, pair.seeds) == ("ours", "theirs", (1, 2))
    assert pair.hypervolume.spread.mean == pytest.approx(0.5 * 0.035)
    assert pair.log_area.p_value is None  # two pairs cannot tell anything


def test_seeds_are_paired_by_the_log_area(sweep: MakeSweep) -> None:
    """Ours is cheap and poor, theirs dear and good: the two areas tell opposite stories.

    From a share of 0.02 to 1 lie log(50) of log(100); what lies below a tenth no linear area sees.
    """
    ours = [sweep(f"a{n}", [(0.60 + n / 1000, 0.02)], seed=n) for n in range(6)]
    theirs = [sweep(f"b{n}", [(0.80, 0.1)], seed=n) for n in range(6)]
    comparison = compare([Arm("ours", tuple(ours)), Arm("theirs", tuple(theirs))])
    (pair,) = comparison.paired
    cheap, dear = math.log(50) / math.log(100), 0.5
    mean = 0.6025
    assert pair.log_area.spread.mean == pytest.approx(mean * cheap - 0.80 * dear)
    assert pair.area.spread.mean == pytest.approx(mean - 0.80)
    assert pair.log_area.p_value == pytest.approx(2 / 64)
    (told,) = comparison.to_dict()["paired"]
    assert told["log_area"]["spread"]["mean"] > 0.0 > told["area"]["spread"]["mean"]


def test_six_seeds_are_enough_for_a_test(sweep: MakeSweep) -> None:
    """All six differences have one sign: of the 64 signs, two are as extreme."""
    ours = [sweep(f"a{n}", [(0.90 + n / 1000, 0.5)], seed=n) for n in range(6)]
    theirs = [sweep(f"b{n}", [(0.88, 0.5)], seed=n) for n in range(6)]
    (pair,) = compare([Arm("ours", tuple(ours)), Arm("theirs", tuple(theirs))]).paired
    assert pair.hypervolume.p_value == pytest.approx(2 / 64)


def test_what_cannot_be_compared_is_refused(sweep: MakeSweep) -> None:
    a, b = sweep("a", [(0.9, 0.5)], threshold=0.1), sweep("b", [(0.8, 0.5)])
    with pytest.raises(InputError, match="differ in nothing but the seed"):
        checked(grouped([a]))
    with pytest.raises(InputError, match=r"the sweep .*a is there twice"):
        checked([Arm("one", (a,)), Arm("two", (a,))])
    with pytest.raises(InputError, match="the label one is there twice"):
        checked([Arm("one", (a,)), Arm("one", (b,))])
    with pytest.raises(InputError, match="b has no candidate yet"):
        checked([Arm("one", (a,)), Arm("two", (replace(b, candidates=()),))])
    fewer = replace(b, candidates=tuple(replace(row, val_images=50) for row in b.candidates))
    with pytest.raises(InputError, match=r"do not share their validation images.*a: 400.*b: 50"):
        checked([Arm("one", (a,)), Arm("two", (fewer,))])


def test_in_words(sweep: MakeSweep) -> None:
    ours = [sweep(f"ours-{n}", [(0.90 + n / 100, 0.5)], seed=n) for n in range(2)]
    theirs = [sweep(f"theirs-{n}", [(0.88, 0.6)], seed=n, threshold=0.5) for n in range(2)]
    found = compare(grouped([*ours, *theirs]))
    console = Console(width=80, file=io.StringIO())
    with console.capture() as shown:
        console.print(comparison_text(found, ["a note"]))
    lines = [line.rstrip() for line in shown.get().splitlines()]
    assert lines == [
        "Fronts over validation images; reference point: accuracy 0, 100 M MACs",
        "arm    sweeps networks      log area          area   hypervolume    best, %",
        "ours        2      2.0 0.136 ± 0.001 0.503 ± 0.004 0.453 ± 0.004 95.0 ± 0.0",
        "theirs      2      2.0 0.098 ± 0.000 0.391 ± 0.000 0.352 ± 0.000 95.0 ± 0.0",
        "",
        "Work of a sweep, counted in three ways",
        "arm    images trained times share of MACs wall-clock, s",
        "ours        1,500 ± 0           1,250 ± 0     not known",
        "theirs      1,500 ± 0           1,300 ± 0     not known",
        "",
        "Share of a column's front that a row's equals or beats (Zitzler, Thiele 1999)",
        "       ours theirs",
        "ours         100 %",
        "theirs 50 %",
        "ours minus theirs over 2 seeds: log area +0.0386 ± 0.0011 (too few for a test: 6",
        "are needed), area +0.1117 ± 0.0039, hypervolume +0.1005 ± 0.0035",
        "a note",
    ]


def test_the_mean_of_staircases() -> None:
    """Both reach costs from 2 on: 0.5 and 0.3, then 0.7 and 0.3 from 3, 0.7 and 0.9 from 4."""
    first = Staircase([1, 3, 3], [0.5, 0.5, 0.7])
    second = Staircase([2, 4, 4], [0.3, 0.3, 0.9])
    mean = mean_staircase([first, second])
    assert mean.cost == [2, 3, 3, 4, 4]
    assert mean.score == pytest.approx([0.4, 0.4, 0.5, 0.5, 0.8])


def test_the_picture(sweep: MakeSweep, tmp_path: Path) -> None:
    a, b = sweep("a", [(0.9, 0.5)]), sweep("$b_{", [(0.8, 0.3)], threshold=0.1)
    figure = draw_comparison(grouped([a, b]), 120.0)
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["a", r"\$b_{"]
    save_picture(figure, tmp_path / "both.png")
    assert image.imread(tmp_path / "both.png").shape[1] == round(120 / 25.4 * 300)


def test_too_many_arms_for_a_picture(sweep: MakeSweep) -> None:
    a = sweep("a", [(0.9, 0.5)])
    with pytest.raises(InputError, match="7 arms can be told apart in a picture, not 8"):
        draw_comparison([Arm(str(n), (a,)) for n in range(8)], 120.0)
