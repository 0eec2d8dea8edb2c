"""A space as a grid: every point once, conditional settings only where they apply."""

from tatl_search.space import space_from_raw
from tatl_search.space.grid import MOST_POINTS, grid, shuffled_grid

SPACE = space_from_raw(
    {
        "finetune": {
            "optimizer": {
                "choices": {
                    "sgd": {"learning_rate": {"low": 0.01, "high": 0.03, "step": 0.01}},
                    "adamw": {"weight_decay": 0.01},
                }
            }
        },
        "stop": {"max_rounds": {"low": 2, "high": 6, "step": 2}},
    }
)
RATE = "finetune.optimizer=sgd.learning_rate"


def test_every_point_once() -> None:
    points = grid(SPACE.section)
    assert len(points) == (3 + 1) * 3
    assert len({tuple(sorted(point.items())) for point in points}) == len(points)
    assert all((RATE in point) == (point["finetune.optimizer"] == "sgd") for point in points)
    assert sorted({point["stop.max_rounds"] for point in points}) == [2, 4, 6]
    rates = {point[RATE] for point in points if RATE in point}
    assert sorted(rates) == [0.01, 0.02, 0.03]


def test_the_seed_decides_the_order() -> None:
    points = grid(SPACE.section)
    orders = [shuffled_grid(SPACE.section, seed) for seed in (0, 0, 1)]
    assert orders[0] == orders[1] != orders[2]
    assert all(sorted(map(str, order)) == sorted(map(str, points)) for order in orders)


def test_a_settled_space_is_one_point() -> None:
    assert grid({}) == [{}]


def test_more_than_enough_is_not_counted_to_the_end() -> None:
    ranges = {key: {"low": 1, "high": 100} for key in ("epochs", "batch_size")}
    ranges["batch_size"]["low"] = 2
    large = space_from_raw({"finetune": ranges, "retrain": ranges})
    assert len(grid(large.section)) == MOST_POINTS + 1


def test_a_range_of_a_billion_steps_is_counted_at_once() -> None:
    endless = space_from_raw({"seed": {"low": 0, "high": 10**9}, "stop": {"max_rounds": 1}})
    assert len(grid(endless.section)) == MOST_POINTS + 1
