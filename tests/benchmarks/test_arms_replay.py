"""The replayed wide grid: what trials cost, which of them are told what, and partial grids."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks.arms_replay import at_images, draw, report, to_reach
from benchmarks.arms_search import (
    ARMS,
    KEPT,
    LEARNING_RATE,
    ROUNDS,
    START,
    TARGET,
    Account,
    Arm,
    Grid,
    Search,
    prior,
    recorded,
)
from benchmarks.rows import write
from benchmarks.wide_grid import (
    PIECES,
    POINTS,
    Key,
    Row,
    grid_file,
    nearest,
    settings,
    trajectories,
)
from tatl_search.core.pareto import log_area_under_front
from tatl_search.search.answers import Recalled
from tatl_search.search.rungs import RUNG
from tatl_search.space import space_from_raw

ROOT, PIECE = 2000, 1000


def made_up(number: int, key: Key) -> list[Row]:
    """Return a trajectory: gentle cuts and long training are better, and training costs."""
    start, rounds, target, rate = key
    rows = [
        Row(10, number, n, 0, f"{key} {n}", 0.8 + 0.1 * math.log10(target ** (n / rounds))
            + rate / 10, target ** (n / rounds), 1500, 1.0)
        for n in range(1, rounds + 1)
    ]  # fmt: skip
    if start == "finetuned":
        rows.insert(0, Row(10, number, 0, 0, "root", 0.8, 1.0, ROOT, 1.0))
    for piece in range(1, PIECES + 1):
        last = rows[-1]
        rows.append(
            replace(last, round=last.round + 1, finished=piece, stage=f"{last.stage} longer",
                    accuracy=last.accuracy + 0.01, images_trained=PIECE)
        )  # fmt: skip
    return rows


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grid")
    keys = trajectories()
    rows = [row for number, key in enumerate(keys) for row in made_up(number, key)]
    write(grid_file("fashion", 10, folder), rows)
    half = [row for row in rows if row.number < len(keys) // 2]
    write(grid_file("fashion", 11, folder), half)
    return folder


@pytest.fixture(scope="module")
def world(folder: Path) -> Grid:
    return recorded("fashion", 10, folder)


def test_the_product_takes_every_trajectory_and_every_point_has_one() -> None:
    for task in ("fashion", "letters"):
        space, keys = space_from_raw(settings(task)), trajectories()
        assert len(keys) == len(set(keys)) == 48
        for key in keys[:: len(keys) // 8]:
            params = dict(zip(POINTS, key, strict=True))
            config = space.sample(Recalled({**params, RUNG: PIECES}))
            assert config.prune.rounds == params[ROUNDS]
            assert nearest(params, POINTS) == key
        between = {**dict(zip(POINTS, keys[0], strict=True)), TARGET: 0.05}
        assert nearest(between, POINTS)[2] == 0.0316


def test_a_part_of_the_grid_is_a_grid_of_what_it_holds(folder: Path) -> None:
    part = recorded("fashion", 11, folder)
    assert part.values[START] == ["pretrained"]
    names = {name for name, _ in part.space().parameters}
    assert names == {ROUNDS, TARGET, LEARNING_RATE, RUNG}
    found = Search(part, ARMS["prior + TPE"], seed=0).run(60_000)
    assert found[-1].images >= 60_000


def test_trials_pay_for_themselves_and_first_fine_tunings_once(world: Grid) -> None:
    params = {START: "finetuned", ROUNDS: 3, TARGET: 0.01, LEARNING_RATE: 0.04, RUNG: 1}
    account = Account()
    assert account.add(world.trial(params)) == ROOT + 3 * 1500 + PIECE
    account.add(world.trial(params))
    assert account.images == ROOT + 2 * (3 * 1500 + PIECE)
    account.add(world.trial({**params, RUNG: 2}), pays_from=2)
    assert account.images == ROOT + 2 * (3 * 1500 + PIECE) + PIECE
    seen = [(row.accuracy, row.macs_share) for row in world.trial({**params, RUNG: 2})]
    assert len(seen) == 6
    assert math.isclose(account.log_area, log_area_under_front(*np.array(seen).T))


def test_the_prior_alone_repeats_its_recipes(world: Grid) -> None:
    recipes = prior(world)
    assert [recipe[TARGET] for recipe in recipes] == [0.01, 0.1, 0.0316, 0.316]
    search = Search(world, ARMS["prior"], seed=0)
    for turn in range(2 * len(recipes)):
        search._next()
        told = search._study.trials[-1].params
        assert told == recipes[turn % len(recipes)]


def test_arms_begin_alike_and_only_learners_differ_later(world: Grid) -> None:
    def asked(arm: Arm, trials: int) -> list[dict[str, object]]:
        search = Search(world, arm, seed=4)
        for _ in range(trials):
            search._next()
        return [dict(trial.params) for trial in search._study.trials]

    random, learner = asked(ARMS["random"], 9), asked(ARMS["TPE, log cost"], 9)
    startup = world.space().sweep.startup_trials
    assert random[:startup] == learner[:startup]
    assert random[startup:] != learner[startup:]
    assert all(trial["prune.rounds"] == 1 for trial in asked(ARMS["TPE, one level"], 8))


def test_the_cheapest_of_several_proposals_is_run(world: Grid) -> None:
    search = Search(world, Arm(proposals=4), seed=1)
    search._next()
    trials = search._study.trials
    assert [trial.state.name for trial in trials].count("FAIL") == 3
    ran = next(trial for trial in trials if trial.state.name == "COMPLETE")

    def images(params: dict[str, object]) -> int:
        return sum(row.images_trained for row in world.trial(params) if row.round > 0)

    assert images(ran.params) == min(images(trial.params) for trial in trials)


def test_the_best_go_on_and_pay_for_the_last_piece_alone(world: Grid) -> None:
    search = Search(world, ARMS["prior + promotion"], seed=0)
    before = 0
    for _ in range(12):
        search._next()
        last = search._study.trials[-1].params
        if last[RUNG] == 2:
            assert search.account.images - before == PIECE
        before = search.account.images
    rungs = [trial.params[RUNG] for trial in search._study.trials]
    assert 0 < rungs.count(2) < rungs.count(1)


def test_neighbours_keep_most_of_what_a_network_of_the_front_has(world: Grid) -> None:
    search = Search(world, ARMS["prior + neighbours"], seed=3)
    kept = []
    for number in range(40):
        before = [trial.params for trial in search._study.best_trials] if number else []
        search._next()
        if number >= len(prior(world)):
            new = search._study.trials[-1].params
            kept.append(max(sum(new[name] == old[name] for name in new) for old in before))
    assert min(kept) < len(POINTS) + 1
    assert np.mean(kept) / len(new) > KEPT


def test_the_report_says_what_it_takes_to_pass_random(world: Grid, tmp_path: Path) -> None:
    arms = ("random", "prior")
    found = {
        name: {
            (world.name, seed): Search(world, ARMS[name], seed).run(121_000) for seed in range(3)
        }
        for name in arms
    }
    text = report([world], found)
    assert all(f"| {name} |" in text for name in arms)
    run = found["prior"][world.name, 0]
    assert at_images(run, 0) == 0.0
    assert to_reach(run, run[1].log_area) <= run[1].images
    assert to_reach(run, 2.0) == math.inf
    draw([world], found, tmp_path / "arms.png")
    assert (tmp_path / "arms.png").stat().st_size > 1000
