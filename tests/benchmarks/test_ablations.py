"""The replayed grid: images against a naive count, proposals against the product's, stops."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks.ablations_replay import Recorded, Seen, all_seen, greedy
from benchmarks.ablations_stopping import Rungs, effect, in_better_fronts, searched, whole_grid
from benchmarks.ablations_teaching import ARMS, Search
from benchmarks.grid import ROUNDS, Key, Row, search_space, trajectories
from tatl_search.config import AdaptationConfig
from tatl_search.figures import ACCURACY, MACS
from tatl_search.search.study import Proposal, SweepStudy
from tests.tracking.made import made_figures

ROOT = 2000
ROUND = 250


def made_up(config: AdaptationConfig, number: int) -> Row:
    """Return a round; the first is the same for thresholds alike, as where they pick alike."""
    threshold, rate = round(config.prune.threshold, 6), round(config.prune.rate, 6)
    learning_rate = round(config.retrain.learning_rate, 6)
    shared = f"{rate} {learning_rate}" if number == 1 else f"{threshold} {rate} {learning_rate}"
    return Row(
        seed=0,
        threshold=threshold,
        rate=rate,
        learning_rate=learning_rate,
        round=number,
        stage=f"{shared} {number}" if number else "root",
        accuracy=0.8 - 0.05 * number * rate + 0.1 * threshold * (number > 0) - learning_rate,
        loss=1.0,
        val_images=500,
        macs=round(1e7 * (1 - rate) ** number),
        parameters=1,
        images_trained=ROUND if number else ROOT,
        images_forward=0,
        seconds=0.0,
        stop_reason=None,
    )


@pytest.fixture(scope="module")
def world() -> Recorded:
    """Return a complete grid of made-up numbers."""
    found: dict[Key, Sequence[Row]] = {}
    for config in trajectories(search_space()):
        rows = [made_up(config, number) for number in range(9)]
        found[(rows[0].threshold, rows[0].rate, rows[0].learning_rate)] = rows
    assert len(found) == 64
    return Recorded(0, found)


def test_images_are_paid_once_a_stage(world: Recorded) -> None:
    low = {"prune.threshold": 0.5, "prune.rate": 0.1, "retrain.learning_rate": 0.005}
    other = {**low, "prune.threshold": 0.65}
    seen = Seen(world.macs)
    paid = []
    for values in (
        {**low, ROUNDS: 3},
        {**low, ROUNDS: 5},
        {**low, ROUNDS: 2},
        {**other, ROUNDS: 2},
    ):
        for row in world.trial(values):
            seen.add(row)
        paid.append(seen.images)
    naive = sum(ROOT + rounds * ROUND for rounds in (3, 5, 2, 2))
    assert paid == [ROOT + 3 * ROUND, ROOT + 5 * ROUND, ROOT + 5 * ROUND, ROOT + 6 * ROUND]
    assert naive - paid[-1] == 3 * ROOT + 6 * ROUND


def test_the_replay_asks_what_the_product_asks(world: Recorded, tmp_path: Path) -> None:
    search = Search(world, ARMS["last round"], seed=3)
    space = search_space()
    worst = {ACCURACY: 0.0, MACS: float(world.macs)}
    study = SweepStudy(tmp_path / "study.journal", "replay", space, 3, worst)
    study.begin((), ())
    for number in range(space.sweep.startup_trials + 6):
        trial, rows = search.ask()
        proposal = study.ask()
        assert isinstance(proposal, Proposal)
        config = proposal.config
        assert trial.params == {
            "prune.threshold": config.prune.threshold,
            "prune.rate": config.prune.rate,
            "retrain.learning_rate": config.retrain.learning_rate,
            ROUNDS: config.stop.max_rounds,
        }
        last = rows[-1]
        told = made_figures(accuracy=last.accuracy, macs=last.macs)
        study.tell(number, told, "max_rounds")
        search.tell(trial, rows)


def test_the_first_pick_of_who_knows_the_grid_is_the_best_trajectory(world: Recorded) -> None:
    first = next(greedy(world))
    alone = []
    for rows in world.trajectories.values():
        seen = Seen(world.macs)
        for row in rows:
            seen.add(row)
        alone.append(seen.area)
    assert first.area == max(alone)


class StopsAll:
    """Finds every trial hopeless after its first round."""

    def __init__(self) -> None:
        self._round = 0

    def hear(
        self, trial: int, round_index: int, accuracy: float, costs: Sequence[float], /
    ) -> None:
        self._round = round_index

    def is_hopeless(self, trial: int, rounds_left: int, /) -> bool:
        return self._round == 1 and rounds_left > 0


def test_what_stopping_everything_saves_and_costs(world: Recorded) -> None:
    without, stopped = whole_grid(world, None, 0), whole_grid(world, StopsAll(), 0)
    first_rounds = {rows[1].stage: rows[1] for rows in world.trajectories.values()}
    assert stopped.stopped == len(world.trajectories)
    assert stopped.points[-1].images == ROOT + len(first_rounds) * ROUND
    found = effect(without, stopped)
    assert found.saved == 1 - stopped.points[-1].images / all_seen(world).images
    assert found.area_lost > 0.0
    assert found.volume_lost > 0.0


@pytest.mark.parametrize("arm", ["random", "last round"])
def test_what_was_stopped_is_told_and_costs_nothing_more(world: Recorded, arm: str) -> None:
    without, stopped = searched(arm, world, None, 0), searched(arm, world, StopsAll(), 0)
    assert len(without.points) == len(stopped.points)
    assert 0 < stopped.stopped <= len(stopped.points)
    assert stopped.points[-1].images < without.points[-1].images


def test_a_sweep_that_stops_nothing_is_the_sweep_without(world: Recorded) -> None:
    generous = Rungs(world.macs, keep=1.0)
    without, kept = whole_grid(world, None, 0), whole_grid(world, generous, 0)
    assert kept.stopped == 0
    assert effect(without, kept).saved == effect(without, kept).gained == 0.0


def test_ranks_count_whole_fronts() -> None:
    on_front = np.array([[0.0, 2.0], [2.0, 0.0], [1.0, 1.0]])
    assert in_better_fronts(on_front) == 0
    second = np.array([*on_front, [3.0, 1.0], [1.0, 3.0]])
    assert in_better_fronts(second) == 3
    assert in_better_fronts(np.array([*second, [4.0, 4.0]])) == 5


def test_a_rung_is_a_share_of_the_macs_and_the_outranked_stop_there() -> None:
    rungs = Rungs(macs=100, keep=2.0)
    for trial, accuracy in enumerate((0.9, 0.8)):
        rungs.hear(trial, 1, accuracy, [80.0])
        assert not rungs.is_hopeless(trial, 3)  # on no rung yet
        rungs.hear(trial, 2, accuracy, [60.0])
    assert not rungs.is_hopeless(0, 2)
    assert rungs.is_hopeless(1, 2)
    assert not rungs.is_hopeless(1, 0)
