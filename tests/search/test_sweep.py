"""Whole sweeps in this process: what the study, the rows, W&B and the dashboard say agrees."""

import gc
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import wandb
from ray.tune.experiment import Trial

from tatl_search.figures import MACS, PARAMETERS
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, Kind, TrialRecord, TrialState
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.results.work import work_of
from tatl_search.search.progress import Snapshot
from tatl_search.search.report import CandidateReport, Report, TrainingReport
from tatl_search.search.study import USABLE
from tatl_search.search.sweep import launch, resume
from tatl_search.space import space_from_raw
from tests.integration.audit import audit, stored_study, stored_trials
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing
from tests.wandb_reader import OfflineRun, read_run

pytestmark = pytest.mark.usefixtures("ray_here")

TRAINING_IMAGES = 100  # ten classes of ten
ROOT_EPOCHS, ROUND_EPOCHS, MOST_ROUNDS = 3, 2, 3


@dataclass(frozen=True)
class Whole:
    """A sweep that ran to its end."""

    folder: Path
    results: SweepResults
    heard: Sequence[Report] = ()

    @property
    def trials(self) -> dict[int, TrialRecord]:
        return {record.trial: record for record in self.results.trials}

    @property
    def rounds(self) -> dict[tuple[int | None, int], CandidateRecord]:
        return {(row.trial, row.round): row for row in self.results.candidates}


def run(folder: Path, space: Mapping[str, Any], listener: Any = hear_nothing) -> Whole:
    assert launch(space_from_raw(dict(space)), folder, listener).complete
    return Whole(folder, load_sweep(folder))


@pytest.fixture(scope="module")
def whole(ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("sweeps") / "whole"
    space = faulty_space(
        trials=3,
        wandb={"mode": "offline"},
        finetune={"epochs": ROOT_EPOCHS},
        retrain={"epochs": ROUND_EPOCHS},
        stop={"max_rounds": {"low": 1, "high": MOST_ROUNDS}},
    )
    with pytest.MonkeyPatch.context() as patch:
        # The baseline and two trials in one run of Ray, the last trial in another.
        patch.setattr("tatl_search.search.searcher.RUN_LENGTH", 3)
        heard: list[Report] = []

        def hear(report: Report | None, _: Snapshot) -> None:
            heard.extend([report] if report else [])

        found = run(folder, space | {"baselines": [{"image_size": 24}]}, hear)
        return replace(found, heard=heard)


def test_the_driver_forgets_the_trials_of_rays_earlier_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[int] = []

    def hear(report: Report | None, _: Snapshot) -> None:
        if report is not None:
            gc.collect()
            stored = [it.storage for it in gc.get_objects() if type(it) is Trial]
            held.append(sum(str(tmp_path) in at.experiment_fs_path for at in stored if at))

    monkeypatch.setattr("tatl_search.search.searcher.RUN_LENGTH", 1)
    run(tmp_path / "s", faulty_space(trials=4, stop={"max_rounds": 1}), hear)
    assert max(held) <= 2  # the one that runs, and its successor that finds nothing to do


def test_every_ended_trial_has_its_rows(whole: Whole) -> None:
    assert audit(whole.folder).faults == ()
    assert sorted(whole.trials) == [0, 1, 2]
    assert all(record.state is TrialState.COMPLETE for record in whole.trials.values())
    pruned = [row for row in whole.results.candidates if row.kind is Kind.PRUNED]
    assert len(pruned) == sum(record.rounds for record in whole.trials.values())
    assert all(row.units_pruned > 0 and json.loads(row.plan) for row in pruned)


def test_the_study_was_told_the_last_rounds_figures(whole: Whole) -> None:
    for trial in stored_trials(whole.folder):
        record = whole.trials[trial.number]
        last = whole.rounds[trial.number, record.rounds]
        assert trial.values == [last.accuracy, last.macs]
        assert trial.constraints == {USABLE: 0.0}
        assert trial.user_attrs["outcome"] == record.stop_reason
        settings = json.loads(record.settings)
        assert settings["prune"]["threshold"] == trial.params["prune.threshold"]
        assert record.rounds == settings["stop"]["max_rounds"] == trial.params["stop.max_rounds"]


def test_images_trained_and_saved_add_up_to_a_sweep_without_sharing(whole: Whole) -> None:
    epochs = [ROOT_EPOCHS + ROUND_EPOCHS * record.rounds for record in whole.trials.values()]
    baseline = ROOT_EPOCHS + ROUND_EPOCHS * MOST_ROUNDS
    naive = TRAINING_IMAGES * (sum(epochs) + baseline)
    results = whole.results
    assert results.images_trained + results.images_saved == naive

    computed = {row.stage for row in results.candidates if row.kind is Kind.PRUNED}
    paid = ROOT_EPOCHS + ROUND_EPOCHS * len(computed) + baseline
    assert results.images_trained == TRAINING_IMAGES * paid
    assert results.images_saved >= TRAINING_IMAGES * ROOT_EPOCHS * (len(epochs) - 1)


def test_the_baseline_is_trained_as_long_as_the_longest_trial(whole: Whole) -> None:
    (baseline,) = whole.results.baselines
    assert (baseline.label, baseline.image_size) == ("input 24 px", 24)
    assert baseline.images_trained == TRAINING_IMAGES * (ROOT_EPOCHS + ROUND_EPOCHS * MOST_ROUNDS)
    unpruned = whole.rounds[0, 0]
    assert baseline.parameters == unpruned.parameters
    assert baseline.macs < unpruned.macs


def test_first_fine_tunings_are_followed_to_their_end(whole: Whole) -> None:
    """That of all trials in a task of Ray's, a baseline's in a worker of Tune's."""
    over = {word.label: word for word in whole.heard if isinstance(word, TrainingReport)}
    assert {label: (word.done, word.epochs) for label, word in over.items()} == {
        "unpruned": (ROOT_EPOCHS, ROOT_EPOCHS),
        "input 24 px": (ROOT_EPOCHS + ROUND_EPOCHS * MOST_ROUNDS,) * 2,
    }
    assert all(0.0 < (word.accuracy or 0.0) <= 1.0 for word in over.values())


def test_networks_are_told_as_new_once(whole: Whole) -> None:
    told = [word for word in whole.heard if isinstance(word, CandidateReport)]
    new = [word.stage for word in told if word.same_as is None]
    stages = {row.stage for row in whole.results.candidates if row.kind is Kind.PRUNED}
    (baseline,) = whole.results.baselines
    assert sorted(new) == sorted({*stages, baseline.stage})  # the unpruned one was a task's


def test_a_driver_leaves_a_picture_and_a_report(whole: Whole) -> None:
    assert {"front.png", "front.svg", "report.html"} <= {p.name for p in whole.folder.iterdir()}
    assert not SweepFolder(whole.folder).ray.exists()


def test_wandb_has_a_run_of_each_trial_and_one_of_the_sweep(whole: Whole) -> None:
    wandb.teardown()
    runs = offline_runs(whole.folder, expected=len(whole.trials) + 1)
    whole_at = f"whole-{whole.results.manifest.created_at[:19].replace(':', '-')}"
    assert sorted(runs) == [
        f"{whole_at}-sweep",
        *(f"{whole_at}-trial-{n:05d}" for n in whole.trials),
    ]
    for number, record in whole.trials.items():
        logged = runs[f"{whole_at}-trial-{number:05d}"]
        steps = {(entry["round"], entry["accuracy"], entry["macs"]) for entry in logged.history}
        rows = [whole.rounds[number, n] for n in range(record.rounds + 1)]
        assert steps == {(row.round, row.accuracy, row.macs) for row in rows}
        assert logged.summary["stop_reason"] == record.stop_reason
    sweep = runs[f"{whole_at}-sweep"]
    assert sweep.summary["images_trained"] == whole.results.images_trained
    *_, logged_once = sweep.history
    (file,) = whole.folder.glob(f"wandb/offline-run-*/files/{logged_once['candidates/path']}")
    table = json.loads(file.read_text())
    shown = [dict(zip(table["columns"], row, strict=True)) for row in table["data"]]
    accuracies = {(row["trial"], row["round"]): row["accuracy"] for row in shown}
    told = {which: row.accuracy for which, row in whole.rounds.items() if row.trial is not None}
    assert told.items() <= accuracies.items()


def offline_runs(folder: Path, expected: int) -> dict[str, OfflineRun]:
    """Read all runs; W&B's own processes write the last bytes after a worker has moved on."""
    deadline = time.monotonic() + 30
    while True:
        found = [read_run(path) for path in folder.glob("wandb/offline-run-*/*.wandb")]
        runs = {run.run.run_id: run for run in found if run.ended and run.summary and run.history}
        if len(runs) == expected or time.monotonic() > deadline:
            return runs
        time.sleep(0.5)


def test_optuna_dashboard_serves_the_journal(whole: Whole) -> None:
    command = Path(sys.executable).with_name("optuna-dashboard")
    if not command.is_file():
        pytest.skip("the extra `dashboard` is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    journal = SweepFolder(whole.folder).journal
    served = subprocess.Popen(
        [command, journal, "--host", "127.0.0.1", "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}/api/studies"
        (study,) = get_json(address)["study_summaries"]
        assert study["study_name"] == "whole"
        assert study["directions"] == ["maximize", "minimize"]
        shown = get_json(f"{address}/{study['study_id']}")
        assert [(trial["number"], trial["state"]) for trial in shown["trials"]] == [
            (number, "Complete") for number in whole.trials
        ]
        values = [trial["values"] for trial in shown["trials"]]
        assert values == [trial.values for trial in stored_trials(whole.folder)]
    finally:
        served.terminate()
        served.wait()


def get_json(address: str) -> Any:
    """Return what a server answers, once it has come up."""
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return json.load(answer)
        except (ConnectionError, urllib.error.URLError):
            assert time.monotonic() < deadline, "the server did not come up"
            time.sleep(0.2)


def test_a_setting_without_a_usable_network_is_a_result(tmp_path: Path) -> None:
    """One learning rate blows training up; the trials that draw it are told as violated.

    With three objectives, all of which are then told at their worst.
    """
    rates = {"choices": [0.03, 1e30]}
    space = faulty_space(
        trials=5,
        sweep={"objectives": ["accuracy", "parameters", "macs"]},
        retrain={"learning_rate": rates, "clip_norm": None},
        stop={"max_rounds": 1},
    )
    whole = run(tmp_path / "infeasible", space)
    told = {trial.number: trial for trial in stored_trials(whole.folder)}
    blown = {n for n, t in told.items() if t.params["retrain.learning_rate"] == 1e30}
    assert 0 < len(blown) < 5
    reference = whole.results.manifest.reference
    for number, trial in told.items():
        record = whole.trials[number]
        if number in blown:
            assert (record.state, record.infeasible_reason) == (TrialState.INFEASIBLE, "nan_loss")
            assert trial.constraints == {USABLE: 1.0}
            worst = [0.0, reference[PARAMETERS], reference[MACS]]
            assert trial.values == worst
            assert (number, 1) not in whole.rounds
        else:
            assert record.state is TrialState.COMPLETE
            assert trial.constraints == {USABLE: 0.0}
            last = whole.rounds[number, 1]
            assert trial.values == [last.accuracy, last.parameters, last.macs]
    assert audit(whole.folder).zombies == ()


def test_killed_workers_are_tried_again_and_a_trial_that_always_ends_its_own_is_given_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is printed meanwhile, as Ray does when it loses a node, is no result."""
    killed: list[str] = []

    def kill(report: Report | None, _: Snapshot) -> None:
        if not isinstance(report, CandidateReport):
            return
        label = report.label
        if label == "trial 1 round 0" or (label == "trial 0 round 1" not in killed):
            killed.append(label)
            sys.stdout.write(label)
            os.kill(report.pid, signal.SIGKILL)

    whole = run(tmp_path / "killed", faulty_space(), kill)
    assert sorted(killed) == ["trial 0 round 1", *["trial 1 round 0"] * 3]
    assert capsys.readouterr().out == ""
    assert audit(whole.folder).faults == ()
    once, given_up, untouched = whole.trials[0], whole.trials[1], whole.trials[2]
    assert (once.state, once.attempts) == (TrialState.COMPLETE, 2)
    assert (given_up.infeasible_reason, given_up.attempts) == ("worker_lost", 3)
    assert (untouched.state, untouched.attempts) == (TrialState.COMPLETE, 1)
    violations = {t.number: t.constraints[USABLE] for t in stored_trials(whole.folder)}
    assert violations == {0: 0.0, 1: 1.0, 2: 0.0}


def flip_a_byte(path: Path) -> bytes:
    """Damage a file in its middle; return what it held."""
    content = path.read_bytes()
    damaged = bytearray(content)
    damaged[len(content) // 2] ^= 0xFF
    path.write_bytes(damaged)
    return content


def test_the_wall_clock_begins_with_the_command_and_ends_with_the_search(whole: Whole) -> None:
    """Checks come before the folder says that it is a sweep, and count."""
    (driver,) = whole.results.drivers
    assert driver.seconds is not None
    launched = datetime.fromisoformat(whole.results.manifest.created_at)
    assert driver.began < launched + timedelta(seconds=1)  # it is kept in whole seconds
    last = max(datetime.fromisoformat(trial.created_at) for trial in whole.results.trials)
    assert driver.seconds >= (last - driver.began).total_seconds()
    assert work_of(whole.results).wall_seconds == pytest.approx(driver.seconds)
    told = stored_study(whole.folder).user_attrs["seconds"]
    assert told == pytest.approx(driver.seconds, abs=3.0)  # what budget.minutes goes by


def test_resume_restores_what_was_damaged_after_the_end(whole: Whole) -> None:
    """Networks bit for bit, rows with the same figures."""
    where = SweepFolder(whole.folder)
    damaged = {key: where.stages / key / "weights.safetensors" for key in stages_of(whole, trial=1)}
    was = {key: flip_a_byte(path) for key, path in damaged.items()}
    flip_a_byte(where.candidates / "trial-00002-round-01.parquet")
    flip_a_byte(where.trials / "trial-00000.parquet")
    assert audit(whole.folder).lost

    assert resume(whole.folder, hear_nothing).complete
    assert audit(whole.folder).faults == ()
    assert {key: path.read_bytes() for key, path in damaged.items()} == was
    found = Whole(whole.folder, load_sweep(whole.folder))
    assert found.results.images_trained == whole.results.images_trained
    assert found.results.images_saved == whole.results.images_saved
    assert {which: (row.stage, row.accuracy) for which, row in found.rounds.items()} == {
        which: (row.stage, row.accuracy) for which, row in whole.rounds.items()
    }
    assert len(stored_trials(whole.folder)) == 3


def stages_of(whole: Whole, trial: int) -> list[str]:
    """Return the keys of a trial's networks, the shared first one included."""
    return [row.stage for (number, _), row in whole.rounds.items() if number == trial]
