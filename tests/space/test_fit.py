"""A sampler that cannot search a space is refused before anything runs."""

from pathlib import Path
from typing import Any

import pytest

from tatl_search.errors import InputError
from tatl_search.space import load_space, space_from_raw

CONDITIONAL = {
    "finetune": {"optimizer": {"choices": {"sgd": {"momentum": {"low": 0.5, "high": 0.9}}}}}
}


def refused(sampler: str, raw: dict[str, Any], **sweep: Any) -> str:
    with pytest.raises(InputError) as caught:
        space_from_raw({**raw, "sweep": {"sampler": sampler, **sweep}})
    return str(caught.value)


@pytest.mark.parametrize("sampler", ["gp", "qmc"])
def test_conditional_settings_need_a_sampler_that_learns_them(sampler: str) -> None:
    told = refused(sampler, CONDITIONAL)
    assert f"finetune.optimizer=sgd.momentum: sampler {sampler} cannot learn a setting" in told
    assert "tpe, nsga2 and nsga3 can" in told
    space_from_raw({**CONDITIONAL, "sweep": {"sampler": "tpe"}})


def test_a_grid_needs_steps(tmp_path: Path) -> None:
    file = tmp_path / "task.yaml"
    file.write_text(
        "sweep: {sampler: grid}\nprune:\n  threshold: {low: 0.5, high: 0.9}\n"
        "stop: {max_rounds: {low: 1, high: 3}}\n"
    )
    with pytest.raises(InputError) as caught:
        load_space(file)
    place = f"{file}:3: prune.threshold: a grid needs steps here: add step:, or list choices"
    assert str(caught.value).splitlines()[1:] == [f"  {place}"]


def test_a_grid_has_only_so_many_trials() -> None:
    raw = {"stop": {"max_rounds": {"low": 1, "high": 3}}}
    told = refused("grid", raw, trials=4)
    assert "sweep.trials: the grid has 3 points (got 4); set it to 3 or less" in told
    space_from_raw({**raw, "sweep": {"sampler": "grid", "trials": 3}})


def test_a_grid_without_end_is_no_plan() -> None:
    wide = {key: {"low": 2, "high": 200} for key in ("epochs", "batch_size")}
    assert "more than 10,000 points" in refused("grid", {"finetune": wide, "retrain": wide})


def test_gp_and_early_stopping_do_not_go_together() -> None:
    told = refused("gp", {}, early_stopping=True)
    assert "gp does not learn that a trial was stopped" in told


def test_gpu_hours_need_gpus() -> None:
    told = refused("tpe", {}, budget={"gpu_hours": 2})
    assert "budget.gpu_hours: no trial holds a GPU" in told


@pytest.mark.parametrize(
    ("finish", "sampler", "told"),
    [
        ({"epochs": 2}, "tpe", "finish.pieces: {low: .., high: ..}"),
        ({"epochs": 2, "pieces": {"choices": [1, 2]}}, "tpe", "finish.pieces: {low: .., high: ..}"),
        ({"pieces": {"low": 1, "high": 3}}, "tpe", "give finish.epochs a value of 1 or more"),
        (
            {"epochs": {"low": 0, "high": 8}, "pieces": {"low": 1, "high": 3}},
            "tpe",
            "give finish.epochs a value of 1 or more",
        ),
        ({"epochs": 2, "pieces": {"low": 1, "high": 3}}, "qmc", "qmc counts its trials"),
    ],
)
def test_promotion_needs_rungs(finish: dict[str, Any], sampler: str, told: str) -> None:
    assert told in refused(sampler, {"finish": finish}, promote=True)
    space_from_raw({"finish": {"epochs": 2, "pieces": {"low": 1, "high": 3}}})
