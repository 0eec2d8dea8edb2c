"""Weights & Biases: the one run of a sweep, written when its driver ends."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import wandb

from tatl_search.records import TrialRecord
from tatl_search.tracking.tracker import attempt
from tatl_search.tracking.wandb import SweepRuns, legal

_PROGRESS = "images"  # until then; `images_trained` of the summary are those of all


@dataclass(frozen=True)
class Model:
    """A network to be stored as a model artifact.

    Attributes:
        label: as in `trial 3 round 2`.
        files: structure, weights and figures, as its stage holds them.
        metadata: its figures.
        aliases: what it is besides a version, such as `knee`.
    """

    label: str
    files: tuple[Path, ...]
    metadata: Mapping[str, Any]
    aliases: tuple[str, ...]


@dataclass(frozen=True)
class SweepSummary:
    """What the run of a sweep shows.

    Attributes:
        config: the sweep's settings.
        candidates: figures of all candidates; `on_front` marks the front.
        trials: how trials ended.
        steps: how the front grew: its `log_area`, `area` and `hypervolume` over `images` trained,
            `full_images` and `hours`.
        hours: of its drivers until now, at least those of the last step.
        sums: figures of the whole sweep.
        figure: the front.
        report: the page to look around in.
        models: networks to store.
    """

    config: Mapping[str, Any]
    candidates: Sequence[Mapping[str, Any]]
    trials: Sequence[TrialRecord]
    steps: Sequence[Mapping[str, float]]
    hours: float
    sums: Mapping[str, float]
    figure: go.Figure
    report: Path
    models: Sequence[Model]


def log_sweep(runs: SweepRuns, summary: SweepSummary) -> None:
    """Record a sweep as one run; a driver that resumes the sweep goes on with it.

    A failure of W&B is logged and costs nothing else.

    Args:
        runs: of the sweep.
        summary: what is recorded.
    """
    attempt("W&B", lambda: _log_sweep(runs, summary))


def _log_sweep(runs: SweepRuns, summary: SweepSummary) -> None:
    with runs.open("sweep", summary.config) as run:
        run.define_metric(_PROGRESS)
        for name in dict.fromkeys(name for step in summary.steps for name in step):
            if name != _PROGRESS:
                run.define_metric(name, step_metric=_PROGRESS)
        for step in summary.steps:
            run.log(dict(step), step=_second(step["hours"]))
        run.log(_shown(summary), step=_second(summary.hours))
        on_front = sum(row["on_front"] for row in summary.candidates)
        run.summary.update({**summary.sums, "on_front": on_front})
        for model in summary.models:
            run.log_artifact(_artifact(runs.sweep, model), aliases=[*model.aliases])


def _second(hours: float) -> int:
    """Return W&B's step: it only grows, so what an earlier driver has logged is passed over."""
    return int(3600.0 * hours)


def _shown(summary: SweepSummary) -> dict[str, Any]:
    """Return what is looked at: tables, figure and page."""
    front = [row for row in summary.candidates if row["on_front"]]
    return {
        "front": summary.figure,
        "front_table": _table(front),
        "candidates": _table(summary.candidates),
        "trials": _table([_plain(trial) for trial in summary.trials]),
        "report": wandb.Html(str(summary.report), inject=False),
    }


def _plain(trial: TrialRecord) -> dict[str, Any]:
    """Return a trial's row without its settings, which its own run holds."""
    row = asdict(trial)
    row.pop("settings")
    return {
        name: str(value) if isinstance(value, StrEnum) else value for name, value in row.items()
    }


def _table(rows: Sequence[Mapping[str, Any]]) -> wandb.Table:
    columns: list[str | int] = list(rows[0]) if rows else []
    return wandb.Table(
        columns=columns, data=[list(row.values()) for row in rows], allow_mixed_types=True
    )


def _artifact(sweep: str, model: Model) -> wandb.Artifact:
    name = legal(f"{sweep}-{model.label}")
    artifact = wandb.Artifact(name, type="model", metadata=dict(model.metadata))
    for path in model.files:
        # Stages do not change: W&B need not copy them, and `wandb sync` finds them in the sweep.
        artifact.add_file(str(path), policy="immutable")
    return artifact
