"""What W&B was given is read back from the very file it would upload."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import wandb

from tatl_search.config import WandbSettings
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import StopReason
from tatl_search.tracking.tracker import FailSoft
from tatl_search.tracking.wandb import SweepRuns, WandbTrialTracker, resolve_mode
from tests.tracking.made import made_candidate, made_trial
from tests.wandb_reader import OfflineRun, read_run

OFFLINE = WandbSettings(mode="offline", project="pruning", tags=("digits",))
CONFIG = {"seed": 7, "prune": {"threshold": 0.9}}
_KEY_VARIABLES = (
    "WANDB_API_KEY",
    "WANDB_IDENTITY_TOKEN_FILE",
    "WANDB_MODE",
    "WANDB_BASE_URL",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
)
RUN_ID = "made-2026-01-01T00-00-00-trial-00003"


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    made = SweepFolder(tmp_path / "made")
    made.root.mkdir()
    return made


def _runs(folder: SweepFolder) -> list[OfflineRun]:
    wandb.teardown()  # The service process writes the last bytes after `finish` has returned.
    return [read_run(path) for path in sorted(folder.root.glob("wandb/offline-run-*/*.wandb"))]


def _tracker(
    folder: SweepFolder,
    settings: WandbSettings = OFFLINE,
    number: int = 3,
    launched_at: str = "2026-01-01T00:00:00+00:00",
) -> WandbTrialTracker:
    runs = SweepRuns(folder, settings, "made", launched_at)
    return WandbTrialTracker(runs, f"trial-{number:05d}", CONFIG)


@pytest.mark.usefixtures("no_key")
def test_a_trials_run_holds_its_settings_rounds_and_ending(
    folder: SweepFolder, capfd: pytest.CaptureFixture[str]
) -> None:
    tracker = _tracker(folder, WandbSettings(project="pruning", tags=("digits",), entity="us"))
    tracker.candidate(made_candidate(round=0, accuracy=0.95, macs=10_000_000))
    tracker.candidate(made_candidate(round=1, accuracy=0.93, macs=8_000_000, latency_ms=1.25))
    tracker.trial(made_trial(stop_reason=StopReason.MAX_ROUNDS, rounds=1))
    tracker.close()
    tracker.close()

    (found,) = _runs(folder)
    assert (found.run.run_id, found.run.display_name) == (RUN_ID, "trial-00003")
    assert (found.run.run_group, found.run.job_type) == ("made", "trial")
    assert (found.run.project, found.run.entity) == ("pruning", "us")
    assert list(found.run.tags) == ["digits"]
    assert {name: found.config[name] for name in CONFIG} == CONFIG
    rows = [(r["round"], r["accuracy"], r["macs"], r.get("latency_ms")) for r in found.history]
    assert rows == [(0, 0.95, 10_000_000, None), (1, 0.93, 8_000_000, 1.25)]
    assert found.summary["state"] == "complete"
    assert found.summary["stop_reason"] == "max_rounds"
    assert found.summary["accuracy"] == 0.93
    assert "infeasible_reason" not in found.summary
    assert [m.step_metric for m in found.metrics if m.glob_name == "*"] == ["round"]
    # What is installed stands in `environment.json` and in the sweep's run.
    assert not list(folder.root.rglob("requirements.txt"))
    assert capfd.readouterr() == ("", "")


def test_an_interrupted_trial_goes_on_with_its_run(
    folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline each part is a file; `wandb sync` uploads parts of one run in their order."""
    first = _tracker(folder)
    first.candidate(made_candidate(round=0, accuracy=0.95))
    first.candidate(made_candidate(round=1, accuracy=0.93))
    first.close()
    time.sleep(1.1)  # W&B names the files by the second
    again = _tracker(folder)
    for number, accuracy in enumerate((0.95, 0.93, 0.91)):
        again.candidate(made_candidate(round=number, accuracy=accuracy))
    again.trial(made_trial())
    again.close()
    parts = _runs(folder)
    listed = subprocess.run(
        [sys.executable, "-m", "wandb", "sync", "--dry-run"],
        cwd=folder.root, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "Would sync 2 run(s)" in listed.stderr
    assert [part.run.run_id for part in parts] == [RUN_ID, RUN_ID]
    assert [[row["_step"] for row in part.history] for part in parts] == [[0, 1], [0, 1, 2]]
    assert "state" not in parts[0].summary
    assert parts[1].summary["state"] == "complete"


def test_a_sweep_of_the_same_name_is_another_run(folder: SweepFolder) -> None:
    tracker = _tracker(folder, launched_at="2026-02-02T00:00:00+00:00")
    tracker.candidate(made_candidate())
    tracker.close()
    assert _runs(folder)[0].run.run_id == "made-2026-02-02T00-00-00-trial-00003"


def test_one_process_makes_the_runs_of_several_trials(folder: SweepFolder) -> None:
    for number in (0, 1):
        tracker = _tracker(folder, number=number)
        tracker.candidate(made_candidate(trial=number, round=0, accuracy=0.9 + number / 100))
        tracker.close()
    found = {run.run.run_id[-5:]: run.history[0]["accuracy"] for run in _runs(folder)}
    assert found == {"00000": 0.9, "00001": 0.91}


@pytest.fixture
def silent_server() -> Iterator[str]:
    """Return the address of something that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.usefixtures("no_key")
def test_a_server_that_says_nothing_keeps_no_trial_waiting(
    silent_server: str, folder: SweepFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", silent_server)
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    tracker = FailSoft(_tracker(folder, WandbSettings(mode="online")), "W&B")
    tracker.candidate(made_candidate(round=0))
    tracker.candidate(made_candidate(round=1))
    tracker.trial(made_trial())
    tracker.close()
    # The trial is done, and W&B still waits for an answer.
    assert not list(folder.root.glob("wandb/*run*"))
    # Later it is all there, to be uploaded by `wandb sync`.
    tracker._thread.shutdown(wait=True)
    (found,) = _runs(folder)
    assert [row["round"] for row in found.history] == [0, 1]
    assert found.summary["state"] == "complete"


class _Says404(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.send_error(404)

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    """Return the address of something that answers."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Says404) as listening:
        Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


@pytest.mark.usefixtures("no_key")
def test_auto_is_offline_without_a_key_and_online_with_one(
    server: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANDB_BASE_URL", server)
    assert resolve_mode(WandbSettings()) == "offline"
    host = server.removeprefix("http://")
    (tmp_path / "netrc").write_text(f"machine {host} login user password secret\n")
    assert resolve_mode(WandbSettings()) == "online"
    (tmp_path / "netrc").unlink()
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    assert resolve_mode(WandbSettings()) == "online"
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert resolve_mode(WandbSettings()) == "disabled"
    assert resolve_mode(WandbSettings(mode="offline")) == "offline"
    assert resolve_mode(WandbSettings(mode="online")) == "online"


@pytest.mark.usefixtures("no_key")
def test_auto_is_offline_where_the_server_does_not_answer(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("WANDB_BASE_URL", address)
    assert resolve_mode(WandbSettings()) == "offline"
    assert resolve_mode(WandbSettings(mode="online")) == "offline"
    # Behind a proxy the answer of the server itself says nothing.
    monkeypatch.setenv("HTTPS_PROXY", server)
    assert resolve_mode(WandbSettings()) == "online"


@pytest.mark.usefixtures("no_key")
def test_online_without_a_key_says_what_to_do() -> None:
    with pytest.raises(InputError, match="set WANDB_API_KEY"):
        resolve_mode(WandbSettings(mode="online"))


@pytest.mark.usefixtures("no_key")
def test_no_secret_of_the_environment_is_recorded(
    monkeypatch: pytest.MonkeyPatch, folder: SweepFolder
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef" * 3)
    tracker = _tracker(folder)
    tracker.candidate(made_candidate())
    tracker.close()
    wandb.teardown()
    stored = b"".join(path.read_bytes() for path in folder.root.rglob("*") if path.is_file())
    assert b"accuracy" in stored
    assert b"0123456789abcdef" not in stored
