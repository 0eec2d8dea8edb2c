"""What a driver leaves for people when it ends: a picture, a report, a W&B run of the sweep."""

from pathlib import Path

from tatl_search.results.figure import front_figure
from tatl_search.results.front import front_json
from tatl_search.results.plots import write_front_picture
from tatl_search.results.report import write_report
from tatl_search.results.store import load_sweep
from tatl_search.search.importance import importance_of
from tatl_search.tracking.wandb import log_sweep


def summarise(folder: Path) -> None:
    """Write `front.png`, `front.svg` and `report.html`, and record the sweep in W&B.

    Does nothing while there is no candidate.
    """
    results = load_sweep(folder)
    if not results.candidates:
        return
    write_front_picture(results)
    write_report(results, importance_of(results))
    settings = results.manifest.sweep.wandb
    if settings.mode != "disabled":
        log_sweep(
            results.folder,
            settings,
            front_json(results, all_candidates=True),
            front_figure(results),
            results.manifest.model_dump(mode="json"),
        )
