"""A sweep judged while no driver runs it: what it finds afterwards would be another front."""

from tatl_search.deploy.judge import Announce, judge_front
from tatl_search.errors import InputError
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.lock import is_driven, only_driver


def check_judgeable(results: SweepResults) -> None:
    """Raise InputError if a sweep cannot be judged now: it runs, or has found nothing yet."""
    root = results.folder.root
    if is_driven(results.folder):
        raise InputError(
            f"{root} is running: its front may yet change. Judge it when it has ended."
        )
    if not results.candidates:
        raise InputError(f"{root} holds no candidates yet")


def judge(results: SweepResults, announce: Announce) -> list[str]:
    """Judge what was not judged before of a sweep's front, of its baselines and the unpruned one.

    Args:
        results: the sweep.
        announce: told what is done.

    Returns:
        Which networks could not be judged, and why.

    Raises:
        InputError: a driver runs it, or it has found nothing yet.
        StorageError: its folder cannot be written; what was judged is kept.
    """
    check_judgeable(results)
    with only_driver(results.folder):
        # Somebody may have judged it since it was read: no network is judged twice.
        return judge_front(load_sweep(results.folder.root), announce)
