"""The run of a sweep, read back from the file that `wandb sync` would upload."""

import json
from dataclasses import replace
from pathlib import Path

import plotly.graph_objects as go
import pytest
import wandb

from tatl_search.config import WandbSettings
from tatl_search.manifest import SweepFolder
from tatl_search.tracking.wandb import SweepRuns
from tatl_search.tracking.wandb_sweep import Model, SweepSummary, log_sweep
from tests.results.conftest import TRIALS
from tests.wandb_reader import OfflineRun, read_run

OFFLINE = WandbSettings(mode="offline", project="pruning")
CANDIDATES = [
    {"trial": 0, "round": 0, "accuracy": 0.95, "macs": 10, "on_front": True},
    {"trial": 0, "round": 1, "accuracy": 0.90, "macs": 12, "on_front": False},
]


def _runs_of(folder: SweepFolder) -> SweepRuns:
    return SweepRuns(folder, OFFLINE, "made", "2026-01-01T00:00:00+00:00")


@pytest.fixture
def folder(tmp_path: Path) -> SweepFolder:
    made = SweepFolder(tmp_path / "made")
    made.root.mkdir()
    return made


@pytest.fixture
def summary(tmp_path: Path) -> SweepSummary:
    report = tmp_path / "report.html"
    report.write_text("<html><body>the whole report</body></html>")
    stage = tmp_path / "stage"
    stage.mkdir()
    for name in ("structure.json", "weights.safetensors"):
        (stage / name).write_text(name)
    return SweepSummary(
        config={"trials": 1},
        candidates=CANDIDATES,
        trials=TRIALS,
        steps=[
            {"images": 1000, "hours": 0.5, "log_area": 0.2, "hypervolume": 0.3},
            {"images": 2000, "hours": 1.0, "log_area": 0.4, "hypervolume": 0.5},
        ],
        hours=1.5,
        sums={"trials": 4, "hypervolume": 0.5},
        figure=go.Figure(go.Scatter(x=[10, 12], y=[0.95, 0.9])),
        report=report,
        models=[
            Model(
                label="trial 0 round 1",
                files=tuple(sorted(stage.iterdir())),
                metadata={"accuracy": 0.9, "macs": 12},
                aliases=("front", "knee"),
            )
        ],
    )


def _read(folder: SweepFolder) -> tuple[OfflineRun, Path]:
    wandb.teardown()  # The service process writes the last bytes after `finish` has returned.
    (path,) = folder.root.glob("wandb/offline-run-*/*.wandb")
    return read_run(path), path.parent / "files"


def test_it_holds_tables_figure_report_progress_and_sums(
    folder: SweepFolder, summary: SweepSummary
) -> None:
    log_sweep(_runs_of(folder), replace(summary, models=()))
    found, files = _read(folder)
    assert found.run.run_id == "made-2026-01-01T00-00-00-sweep"
    assert (found.run.run_group, found.run.job_type) == ("made", "sweep")
    assert found.config["trials"] == 1
    assert found.summary["hypervolume"] == 0.5
    assert (found.summary["trials"], found.summary["on_front"]) == (4, 1)

    *progress, shown = found.history
    assert [(row["_step"], row["images"], row["hypervolume"]) for row in progress] == [
        (1800, 1000, 0.3), (3600, 2000, 0.5),
    ]  # fmt: skip
    assert shown["_step"] == 5400
    by_images = {m.name for m in found.metrics if m.step_metric == "images"}
    assert by_images == {"log_area", "hypervolume", "hours"}

    def stored(key: str) -> str:
        return (files / str(shown[f"{key}/path"])).read_text()

    candidates, front = (json.loads(stored(name)) for name in ("candidates", "front_table"))
    assert candidates["columns"] == ["trial", "round", "accuracy", "macs", "on_front"]
    assert candidates["data"] == [[0, 0, 0.95, 10, True], [0, 1, 0.9, 12, False]]
    assert front["data"] == [[0, 0, 0.95, 10, True]]
    trials = json.loads(stored("trials"))
    reasons = [dict(zip(trials["columns"], row, strict=True)) for row in trials["data"]]
    assert [row["stop_reason"] for row in reasons] == [
        "max_rounds", "max_drop", "no_candidates", None,
    ]  # fmt: skip
    assert reasons[3]["infeasible_reason"] == "collapsed"
    assert json.loads(stored("front"))["data"][0]["x"] == [10, 12]
    assert "the whole report" in stored("report")


def test_models_are_artifacts_with_their_figures(
    folder: SweepFolder, summary: SweepSummary
) -> None:
    log_sweep(_runs_of(folder), summary)
    found, _ = _read(folder)
    (model,) = [artifact for artifact in found.artifacts if artifact.type == "model"]
    assert model.name == "made-trial-0-round-1"
    assert json.loads(model.metadata) == {"accuracy": 0.9, "macs": 12}
    assert {"front", "knee"} < set(model.aliases)  # W&B adds "latest"
    entries = {entry.path: Path(entry.local_path) for entry in model.manifest.contents}
    assert {name: path.read_text() for name, path in entries.items()} == {
        name: name for name in ("structure.json", "weights.safetensors")
    }
    assert {path.parent.name for path in entries.values()} == {"stage"}  # not copied


def test_a_sweep_that_cannot_be_recorded_is_only_a_warning(
    tmp_path: Path, summary: SweepSummary, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("in the way")
    log_sweep(_runs_of(SweepFolder(tmp_path / "file")), summary)
    assert "W&B failed" in caplog.text
