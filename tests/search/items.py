"""Pieces of work on the tiny real task of `tests.adaptation.benches`."""

from pathlib import Path
from typing import Any

from tatl_search.search.work import WorkItem, WorkKind
from tatl_search.space import space_from_raw
from tests.adaptation.benches import SETTINGS, config

LABELS = {
    WorkKind.TRIAL: "trial",
    WorkKind.BASELINE: "input 32 px",
    WorkKind.ROOT: "unpruned",
}


def hear_nothing(_report: object, _snapshot: object) -> None:
    """Listen to a sweep without a word."""


def work_item(
    folder: Path,
    kind: WorkKind = WorkKind.TRIAL,
    number: int = 4,
    collapse: float = 0.0,
    root_threads: int = 1,
    **sections: dict[str, Any],
) -> WorkItem:
    """Return a piece of work in its second attempt; sections override the tiny settings."""
    space = space_from_raw(
        {"sweep": {"collapse_accuracy": collapse}, "wandb": {"mode": "disabled"}, **SETTINGS}
    )
    return WorkItem(
        kind=kind,
        number=number,
        attempt=2,
        label=f"{LABELS[kind]} {number}",
        folder=folder,
        sweep_name="test",
        launched_at="2026-01-01T00:00:00+00:00",
        sweep=space.sweep,
        config=config(**sections),
        threads=1,
        root_threads=root_threads,
    )
