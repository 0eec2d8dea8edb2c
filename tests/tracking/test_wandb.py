"""What W&B was given is read back from the very file it would upload."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
import pytest
import wandb

from tatl_search.config import WandbSettings
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.records import StopReason
from tatl_search.tracking.wandb import WandbTrialTracker, log_sweep, resolve_mode
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


@pytest.fixture
def no_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in _KEY_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))


def _runs(folder: Path) -> list[OfflineRun]:
    wandb.teardown()  # The service process writes the last bytes after `finish` has returned.
    return [read_run(path) for path in sorted(folder.glob("wandb/offline-run-*/*.wandb"))]


@pytest.mark.usefixtures("no_key")
def test_a_trials_run_holds_its_settings_rounds_and_ending(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings = WandbSettings(project="pruning", tags=("digits",))
    tracker = WandbTrialTracker(SweepFolder(tmp_path), settings, "made", 3, CONFIG)
    tracker.candidate(made_candidate(round=0, accuracy=0.95, macs=10_000_000))
    tracker.candidate(made_candidate(round=1, accuracy=0.93, macs=8_000_000, latency_ms=1.25))
    tracker.trial(made_trial(stop_reason=StopReason.MAX_ROUNDS, rounds=1))
    tracker.close()
    tracker.close()

    (found,) = _runs(tmp_path)
    assert found.run.run_id == "made-trial-00003"
    assert (found.run.run_group, found.run.job_type) == ("made", "trial")
    assert (found.run.project, list(found.run.tags)) == ("pruning", ["digits"])
    assert {name: found.config[name] for name in CONFIG} == CONFIG
    rows = [(r["round"], r["accuracy"], r["macs"], r.get("latency_ms")) for r in found.history]
    assert rows == [(0, 0.95, 10_000_000, None), (1, 0.93, 8_000_000, 1.25)]
    assert found.summary["state"] == "complete"
    assert found.summary["stop_reason"] == "max_rounds"
    assert found.summary["accuracy"] == 0.93
    assert "infeasible_reason" not in found.summary
    assert [m.step_metric for m in found.metrics if m.glob_name == "*"] == ["round"]
    # What is installed stands in `environment.json` and in the sweep's run.
    assert not list(tmp_path.rglob("requirements.txt"))
    assert capfd.readouterr() == ("", "")


def test_one_process_makes_the_runs_of_several_trials(tmp_path: Path) -> None:
    for number in (0, 1):
        tracker = WandbTrialTracker(SweepFolder(tmp_path), OFFLINE, "made", number, {})
        tracker.candidate(made_candidate(trial=number, round=0, accuracy=0.9 + number / 100))
        tracker.close()
    found = {run.run.run_id: run.history[0]["accuracy"] for run in _runs(tmp_path)}
    assert found == {"made-trial-00000": 0.9, "made-trial-00001": 0.91}


def test_the_sweeps_run_holds_front_table_figure_and_sums(tmp_path: Path) -> None:
    rows = [
        {"trial": 0, "round": 0, "accuracy": 0.95, "macs": 10, "on_front": True},
        {"trial": 0, "round": 1, "accuracy": 0.90, "macs": 12, "on_front": False},
    ]
    front = {"sweep": "made", "trials": 1, "hypervolume": 0.5, "unpruned": None, "candidates": rows}
    figure = go.Figure(go.Scatter(x=[10, 12], y=[0.95, 0.9]))
    log_sweep(SweepFolder(tmp_path), OFFLINE, front, figure, {"trials": 1})

    (found,) = _runs(tmp_path)
    assert (found.run.run_id, found.run.job_type) == ("made-sweep", "sweep")
    assert found.config["trials"] == 1
    assert found.summary["hypervolume"] == 0.5
    assert found.summary["trials"] == 1
    assert found.summary["on_front"] == 1
    files = next(tmp_path.glob("wandb/offline-run-*/files"))
    assert "optuna==" in (files / "requirements.txt").read_text()
    table = json.loads((files / found.history[0]["candidates/path"]).read_text())
    assert table["columns"] == ["trial", "round", "accuracy", "macs", "on_front"]
    assert table["data"] == [[0, 0, 0.95, 10, True], [0, 1, 0.9, 12, False]]
    drawn = json.loads((files / found.history[0]["front/path"]).read_text())
    assert drawn["data"][0]["x"] == [10, 12]


def test_a_sweep_that_cannot_be_recorded_is_only_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    front = {"sweep": "made", "candidates": []}
    log_sweep(SweepFolder(tmp_path / "file"), OFFLINE, front, go.Figure(), {})
    assert "W&B failed" in caplog.text


@pytest.fixture
def server() -> Iterator[str]:
    """Return the address of something that answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


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


@pytest.mark.usefixtures("no_key")
def test_auto_is_offline_where_the_server_does_not_answer(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "secret")
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    monkeypatch.setenv("WANDB_BASE_URL", address)
    assert resolve_mode(WandbSettings()) == "offline"
    # Behind a proxy the answer of the server itself says nothing.
    monkeypatch.setenv("HTTPS_PROXY", server)
    assert resolve_mode(WandbSettings()) == "online"


@pytest.mark.usefixtures("no_key")
def test_online_without_a_key_says_what_to_do() -> None:
    with pytest.raises(InputError, match="set WANDB_API_KEY"):
        resolve_mode(WandbSettings(mode="online"))


@pytest.mark.usefixtures("no_key")
def test_no_secret_of_the_environment_is_recorded(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("WANDB_API_KEY", "0123456789abcdef" * 3)
    tracker = WandbTrialTracker(SweepFolder(tmp_path), OFFLINE, "made", 0, CONFIG)
    tracker.candidate(made_candidate())
    tracker.close()
    wandb.teardown()
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"accuracy" in stored
    assert b"0123456789abcdef" not in stored
