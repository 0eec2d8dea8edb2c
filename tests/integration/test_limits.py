"""Trials that need too much time or memory are told as infeasible, and the sweep goes on."""

import multiprocessing
import resource
from pathlib import Path

import pytest
import torch

from tatl_search.errors import InfeasibleReason
from tatl_search.manifest import SweepFolder
from tatl_search.records import TrialRecord, TrialState
from tatl_search.results.store import load_sweep
from tatl_search.search.study import USABLE
from tatl_search.search.sweep import launch
from tatl_search.search.worker import open_workbench, run_item
from tatl_search.space import space_from_raw
from tatl_search.tracking.reading import read_records
from tests.integration.audit import stored_trials
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing, work_item


@pytest.mark.usefixtures("ray_here")
def test_a_trial_beyond_its_time_is_tried_thrice_and_told_as_violated(tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    space = faulty_space(trials=1, sweep={"trial_minutes": 0.0005}, finetune={"epochs": 1})
    assert launch(space_from_raw(space), folder, hear_nothing).complete
    (ended,) = load_sweep(folder).trials
    assert (ended.state, ended.attempts) == (TrialState.INFEASIBLE, 3)
    assert ended.infeasible_reason == InfeasibleReason.WORKER_LOST
    (told,) = stored_trials(folder)
    assert told.constraints[USABLE] == 1.0


def _run_within(extra_bytes: int, folder: Path) -> None:
    """Run a trial in a process that may take so many bytes of memory more than it has."""
    torch.set_num_threads(1)
    large = {"image_size": 256, "per_class": 10}
    item = work_item(folder, data=large, finetune={"batch_size": 100})
    open_workbench(item)  # as in a sweep, the images are there before
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + extra_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    run_item(item, lambda _: None)


def test_a_trial_that_runs_out_of_memory_says_so(tmp_path: Path) -> None:
    trial = multiprocessing.get_context("spawn").Process(
        target=_run_within, args=(400_000_000, tmp_path)
    )
    trial.start()
    trial.join()
    assert trial.exitcode == 0
    (ended,) = read_records(SweepFolder(tmp_path).trials, TrialRecord)
    assert ended.state is TrialState.INFEASIBLE
    assert ended.infeasible_reason == InfeasibleReason.OUT_OF_MEMORY
