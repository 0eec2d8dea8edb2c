"""The interactive figure holds the same networks in every view (figures in conftest)."""

from typing import Any

import plotly.graph_objects as go
import pytest

from tatl_search.figures import ACCURACY, PARAMETERS
from tatl_search.results.figure import front_figure, views
from tatl_search.results.store import SweepResults
from tests.results.conftest import CANDIDATES, SweepWriter, baseline


def _trace(figure: go.Figure, name: str) -> Any:
    (trace,) = figure.select_traces({"name": name})
    return trace


def test_the_first_view_is_that_of_the_objectives(results: SweepResults) -> None:
    figure = front_figure(results)
    front = _trace(figure, "front of accuracy, MACs")
    assert sorted(set(zip(front.x, front.y, strict=True))) == [
        (20_000_000, 0.70), (30_000_000, 0.90), (60_000_000, 0.94), (100_000_000, 0.95),
    ]  # fmt: skip
    assert _trace(figure, "other candidates").x == (70_000_000,)
    assert _trace(figure, "knee").y == (0.90,)
    assert _trace(figure, "unpruned").y == (0.95,)
    assert _trace(figure, "baselines").y == (0.80, 0.88)
    assert _trace(figure, "best at each cost").y == (0.70, 0.70, 0.90, 0.90, 0.94, 0.94, 0.95)
    trials = _trace(figure, "trials").y
    assert trials == (0.95, 0.94, 0.90, None, 0.95, 0.93, 0.70, None, 0.95, 0.94)


def test_the_menu_offers_every_pair_of_axes(results: SweepResults) -> None:
    figure = front_figure(results)
    (menu,) = figure.layout.updatemenus
    assert [button.label for button in menu.buttons] == [
        "accuracy against MACs", "accuracy against parameters", "accuracy against size",
        "loss against MACs", "loss against parameters", "loss against size",
    ]  # fmt: skip
    traces, layout = menu.buttons[5].args
    unpruned = [trace.name for trace in figure.data].index("unpruned")
    assert list(traces["x"][unpruned]) == [4_000_000]
    assert list(traces["y"][unpruned]) == [pytest.approx(0.05)]
    assert layout["xaxis"]["title"]["text"] == "size, bytes"
    assert layout["yaxis"]["title"]["text"] == "validation loss"
    # The line goes down to the right: the best loss money can buy.
    line = list(traces["y"][0])
    assert line == sorted(line, reverse=True)


def test_other_objectives_come_first(write_sweep: SweepWriter) -> None:
    results = write_sweep(objectives=(ACCURACY, PARAMETERS))
    assert views(results)[0].title == "accuracy against parameters"


def test_the_pointer_shows_figures_and_the_settings_that_vary(write_sweep: SweepWriter) -> None:
    from dataclasses import replace

    rows = [
        replace(row, settings=f'{{"seed": 0, "prune": {{"rate": 0.{row.trial or 1}}}}}')
        for row in CANDIDATES
    ]
    figure = front_figure(write_sweep(candidates=rows))
    (text,) = _trace(figure, "other candidates").text
    assert text == (
        "<b>trial 1 round 1</b><br>accuracy 93.0 (90.1-95.1) %, loss 0.070<br>70.0 M MACs,"
        " 700 k parameters, 2.80 MB size<br>32 px, timm/tf_efficientnet_lite0<br>prune.rate: 0.1"
    )


def test_names_cannot_smuggle_in_markup(write_sweep: SweepWriter) -> None:
    figure = front_figure(write_sweep(baselines=(baseline("<a href='x'>b</a>", 0.9, 0.5),)))
    (text,) = _trace(figure, "baselines").text
    assert text.startswith("<b>&lt;a href=")


def test_an_empty_sweep_is_an_empty_figure(write_sweep: SweepWriter) -> None:
    figure = front_figure(write_sweep(candidates=()))
    assert all(not trace.x for trace in figure.data)
