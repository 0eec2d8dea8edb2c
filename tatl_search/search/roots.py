"""The first fine-tunings that trials share, computed before any trial asks for them."""

from collections.abc import Callable, Sequence

from tatl_search.errors import RunError
from tatl_search.search.report import TrainingReport
from tatl_search.search.tasks import run_tasks
from tatl_search.search.work import CONFIRMATIONS, WorkItem


def compute_roots(
    items: Sequence[WorkItem],
    announce: Callable[[str], None],
    hear: Callable[[TrainingReport], None] = lambda _: None,
) -> list[str]:
    """Compute shared roots one after the other, each with a node to itself.

    Args:
        items: the roots.
        announce: told what is done, before each.
        hear: told how each gets on.

    Returns:
        Which failed, and why; trials of the others can go on.

    Raises:
        RunError: all of them failed, or Ray did.
        StorageError: the storage refused a write, or no node sees the folder.
    """
    failures = []
    for item in items:
        announce(
            f"fine-tuning the {item.label} network for all trials, on {item.root_threads} CPUs"
        )
        verb = "confirm" if item.kind in CONFIRMATIONS else "resume"
        go_on = f"tatl-search {verb} {item.folder}"
        failures += run_tasks([item], lambda: 1, item.root_threads, announce, go_on, hear)
    if failures and len(failures) == len(items):
        raise RunError(f"the first fine-tuning failed: {'; '.join(failures)}")
    return failures
