"""Trials that kill their worker, hang or need too much memory are results; the others finish."""

from pathlib import Path

import pytest

from tatl_search.errors import InfeasibleReason
from tatl_search.records import TrialState
from tatl_search.results.store import load_sweep
from tatl_search.search.study import USABLE
from tests.integration.audit import audit, stored_trials
from tests.integration.drivers import Driver, faulty_space
from tests.plugins import install

MODULE = '''
"""Scores that never come to an end."""

import os
import resource
import signal
import time

import torch

from tatl_search.methods.allocations.uniform import uniform
from tatl_search.methods.method import Method, Score


def deadly(context):
    os.kill(os.getpid(), signal.SIGKILL)


def stuck(context):
    time.sleep(3600)


def hungry(context):
    """Take memory until there is no more; the worker goes on to other trials afterwards."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[0])
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + 2**28, hard))
    try:
        return [torch.ones(2**22) for _ in range(10_000)]
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def method(run):
    return Method(
        name=run.__name__,
        title=run.__name__,
        source="nobody 2026",
        score=Score(run.__name__, run),
        allocation=uniform,
        needs="nothing at all",
    )


DEADLY, STUCK, HUNGRY = method(deadly), method(stuck), method(hungry)
'''
METHODS = ("deadly", "tatl", "stuck", "hungry", "tatl")


@pytest.mark.soak
def test_what_a_trial_does_to_its_worker_is_a_result(tmp_path: Path) -> None:
    points = "\n".join(
        f"{name} = unending:{name.upper()}" for name in sorted({*METHODS} - {"tatl"})
    )
    site = install(tmp_path / "site", MODULE, points, "unending")
    space = faulty_space(
        trials=len(METHODS),
        sweep={
            "stalled_minutes": 0.5,
            "start": {"settings": [{"prune": {"method": name}} for name in METHODS]},
        },
        prune={"method": {"choices": sorted({*METHODS})}, "threshold": 0.7},
    )
    folder = tmp_path / "sweep"
    with Driver.sweep(folder, space, env={"PYTHONPATH": str(site)}) as driver:
        assert driver.end(within_s=900) == 0, driver.output
    assert audit(folder).faults == ()

    ended = {name: load_sweep(folder).trials[n] for n, name in enumerate(METHODS)}
    assert {name: (one.state, one.attempts) for name, one in ended.items()} == {
        "deadly": (TrialState.INFEASIBLE, 3),
        "stuck": (TrialState.INFEASIBLE, 3),
        "hungry": (TrialState.INFEASIBLE, 1),
        "tatl": (TrialState.COMPLETE, 1),
    }
    assert ended["deadly"].infeasible_reason == InfeasibleReason.WORKER_LOST
    assert ended["stuck"].infeasible_reason == InfeasibleReason.WORKER_LOST
    assert ended["hungry"].infeasible_reason == InfeasibleReason.OUT_OF_MEMORY
    assert "allocate memory" in ended["hungry"].detail
    violated = [trial.constraints[USABLE] for trial in stored_trials(folder)]
    assert violated == [1.0, 0.0, 1.0, 1.0, 0.0]
