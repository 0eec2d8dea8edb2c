"""The picture shows what it should, and the files are pictures (figures in conftest)."""

import pytest
from matplotlib import image

from tatl_search.errors import StorageError
from tatl_search.figures import ACCURACY, SIZE_BYTES
from tatl_search.results.plots import Point, draw, front_plot, write_front_picture
from tatl_search.results.store import SweepResults
from tests.results.conftest import SweepWriter, baseline


def test_what_is_shown(results: SweepResults) -> None:
    plot = front_plot(results)
    assert plot.title == "made"
    assert plot.dominated == (Point(70.0, 0.93, "trial 1 round 1"),)
    assert [[p.cost for p in trial] for trial in plot.trajectories] == [
        [100.0, 60.0, 30.0], [100.0, 70.0, 20.0], [100.0, 60.0],
    ]  # fmt: skip
    assert [(p.cost, p.quality) for p in plot.front] == [
        (100.0, 0.95), (60.0, 0.94), (30.0, 0.90), (20.0, 0.70),
    ]  # fmt: skip
    assert plot.line.cost == [20.0, 30.0, 30.0, 60.0, 60.0, 100.0, 100.0]
    assert plot.line.score == [0.70, 0.70, 0.90, 0.90, 0.94, 0.94, 0.95]
    assert plot.unpruned == Point(100.0, 0.95, "unpruned")
    assert [point.label for point in plot.baselines] == ["input 16 px", "input 24 px"]
    assert plot.unbeaten == ()
    assert plot.knee == Point(30.0, 0.90, "trial 0 round 2")
    assert plot.unpruned_cost == 100.0


def test_a_baseline_of_the_front_is_part_of_its_line(contested: SweepResults) -> None:
    plot = front_plot(contested)
    assert plot.baselines == (Point(30.0, 0.80, "input 16 px"),)
    assert plot.unbeaten == (Point(30.0, 0.92, "input 24 px"),)
    assert plot.unbeaten[0] in plot.front
    assert plot.line.score == [0.70, 0.70, 0.92, 0.92, 0.94, 0.94, 0.95]
    dominated = [point.label for point in plot.dominated]
    assert dominated == ["trial 0 round 2", "trial 1 round 1"]


def test_what_nobody_picks_is_counted_not_shown(write_sweep: SweepWriter) -> None:
    plot = front_plot(write_sweep())
    assert plot.lowest == pytest.approx(0.68)
    assert plot.hidden == 0


def test_baselines_are_always_in_the_picture(write_sweep: SweepWriter) -> None:
    plot = front_plot(write_sweep(baselines=(baseline("poor", 0.30, 0.9),)))
    assert plot.lowest == pytest.approx(0.28)


def test_the_legend_names_everything_once(results: SweepResults) -> None:
    (legend,) = draw(front_plot(results)).legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "other candidates",
        "front (with 95 % intervals)",
        "knee: 90.0 % at 30 % of the MACs",
        "unpruned: 95.0 %",
        "baselines",
    ]


def test_a_papers_picture_has_no_title(results: SweepResults) -> None:
    titles = [draw(front_plot(results), title=on).axes[0].get_title("left") for on in (True, False)]
    assert titles == ["made", ""]


def test_the_axis_ends_above_the_highest_interval(results: SweepResults) -> None:
    plot = front_plot(results)
    assert plot.highest == pytest.approx(max(high for _, high in plot.intervals) + 0.02)
    assert plot.highest < 1.0


def test_the_files_are_pictures(results: SweepResults) -> None:
    png, svg = write_front_picture(results)
    assert (png.parent, png.name, svg.name) == (results.folder.root, "front.png", "front.svg")
    height, width, _ = image.imread(png).shape
    assert width > 1000
    assert height > 700
    assert svg.read_text().lstrip().startswith("<?xml")


def test_odd_names_and_objectives_are_drawn(write_sweep: SweepWriter) -> None:
    rows = (baseline("$x_{", 0.92, 0.30), baseline("<b>&", 0.5, 0.9))
    results = write_sweep(baselines=rows, objectives=(ACCURACY, SIZE_BYTES), name="$\\frac{")
    _, svg = write_front_picture(results)
    assert svg.stat().st_size > 0


def test_an_empty_sweep_is_an_empty_picture(write_sweep: SweepWriter) -> None:
    png, _ = write_front_picture(write_sweep(candidates=()))
    assert png.is_file()


def test_a_folder_that_cannot_be_written_is_said(results: SweepResults) -> None:
    (results.folder.root / "front.png").mkdir()
    with pytest.raises(StorageError, match=r"cannot write .*front\.png"):
        write_front_picture(results)
