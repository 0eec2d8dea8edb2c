"""What a driver leaves for people when it ends: a picture, a report, a W&B run of the sweep."""

from datetime import UTC, datetime
from pathlib import Path

from tatl_search.config import recorders_of
from tatl_search.config.recorders import WANDB
from tatl_search.errors import StorageError
from tatl_search.figures import FIGURES
from tatl_search.files import RESUMABLE
from tatl_search.records import CandidateRecord
from tatl_search.results.figure import front_figure
from tatl_search.results.front import front_of
from tatl_search.results.front_json import front_json
from tatl_search.results.history import history
from tatl_search.results.plots import write_front_picture
from tatl_search.results.report import write_report
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.importance import importance_of
from tatl_search.tracking.wandb import runs_of
from tatl_search.tracking.wandb_sweep import Model, SweepSummary, log_sweep

_FILES_OF_A_MODEL = ("structure.json", "weights.safetensors", "metrics.json")
_SAID_OF_A_MODEL = (
    "label", "network", "image_size", *FIGURES, "val_images", "trial", "round", "stage", "settings",
)  # fmt: skip


def summarise(folder: Path) -> None:
    """Write `front.png`, `front.svg` and `report.html`, and record the sweep in W&B.

    Does nothing while there is no candidate.

    Raises:
        StorageError: the storage refused a write.
    """
    results = load_sweep(folder)
    if not results.candidates:
        return
    try:
        write_front_picture(results)
        report = write_report(results, importance_of(results))
    except StorageError as error:
        raise StorageError(f"{error}. {RESUMABLE}") from error
    manifest = results.manifest
    if WANDB in recorders_of(manifest.sweep):
        log_sweep(runs_of(manifest, results.folder), summary_of(results, report))


def summary_of(results: SweepResults, report: Path) -> SweepSummary:
    """Return what the sweep's run in W&B shows."""
    front = front_json(results, all_candidates=True)
    clock = results.wall_clock
    launched = datetime.fromisoformat(results.manifest.created_at)
    seconds = clock.seconds if clock else (datetime.now(UTC) - launched).total_seconds()
    return SweepSummary(
        config=results.manifest.model_dump(mode="json"),
        candidates=front["candidates"],
        trials=results.trials,
        steps=[step._asdict() for step in history(results)],
        hours=seconds / 3600.0,  # by the clock of the steps, which it does not lie before
        sums={name: value for name, value in front.items() if isinstance(value, int | float)},
        figure=front_figure(results),
        report=report,
        models=_models(results) if results.manifest.sweep.wandb.log_models else (),
    )


def _models(results: SweepResults) -> tuple[Model, ...]:
    """Return the front's networks, each once."""
    front = front_of(results)
    knee = None if front.knee is None else front.knee.stage
    return tuple(
        Model(
            label=row.label,
            files=_files(results, row),
            metadata={name: getattr(row, name) for name in _SAID_OF_A_MODEL},
            aliases=("front", "knee") if row.stage == knee else ("front",),
        )
        for row in front.distinct()
    )


def _files(results: SweepResults, row: CandidateRecord) -> tuple[Path, ...]:
    stage = results.folder.stages / row.stage
    return tuple(path for name in _FILES_OF_A_MODEL if (path := stage / name).is_file())
