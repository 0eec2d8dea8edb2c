"""Schedules against torch's own, and what must hold for every length."""

from typing import Literal, get_args

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.nets.schedule import learning_rate_share

Name = Literal["one_cycle", "cosine", "constant"]


def torchs_shares(name: Name, steps: int) -> list[float]:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    scheduler: torch.optim.lr_scheduler.LRScheduler
    if name == "one_cycle":
        scheduler = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, max_lr=1.0, total_steps=steps, cycle_momentum=False
        )
    else:
        scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
    shares = []
    for _ in range(steps):
        shares.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        scheduler.step()
    return shares


@pytest.mark.parametrize("name", ["one_cycle", "cosine"])
def test_long_schedules_are_torchs(name: Name) -> None:
    steps = 500
    ours = [learning_rate_share(name, step, steps) for step in range(steps)]
    assert ours == pytest.approx(torchs_shares(name, steps), abs=0.01)


def test_ten_steps_of_one_cycle() -> None:
    shares = [round(learning_rate_share("one_cycle", step, 10), 2) for step in range(10)]
    assert shares == [0.10, 0.52, 0.94, 0.99, 0.89, 0.72, 0.50, 0.28, 0.11, 0.01]


@given(st.sampled_from(get_args(Name)), st.integers(1, 1000), st.data())
def test_every_step_learns_and_none_too_much(name: Name, steps: int, data: st.DataObject) -> None:
    step = data.draw(st.integers(0, steps - 1))
    assert 0.0 < learning_rate_share(name, step, steps) <= 1.0


@pytest.mark.parametrize("name", get_args(Name))
def test_a_training_of_one_step_learns(name: Name) -> None:
    assert learning_rate_share(name, 0, 1) >= 0.5


@pytest.mark.parametrize(("name", "end"), [("one_cycle", 0.0), ("cosine", 0.0), ("constant", 1.0)])
def test_the_rate_stays_where_it_ended(name: Name, end: float) -> None:
    assert learning_rate_share(name, 99, 10) == pytest.approx(end)
