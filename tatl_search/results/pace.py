"""How fast a sweep goes, told from its rows alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tatl_search.results.store import SweepResults

WINDOW = timedelta(minutes=30)
"""Rates are of this last while: a sweep may have paused, or got more workers."""


@dataclass(frozen=True)
class Pace:
    """How fast a sweep goes.

    Attributes:
        images_per_s: images through the networks, forward only included, of all workers.
        trials_per_hour: trials that ended.
        left_s: until the last trial ends at this pace, or the budget of images is used up; null
            where no trial ended of late.
    """

    images_per_s: float
    trials_per_hour: float
    left_s: float | None


def pace(results: SweepResults, now: datetime) -> Pace:
    """Return a sweep's pace over the last while, or since its launch where that is shorter."""
    since = max(now - WINDOW, datetime.fromisoformat(results.manifest.created_at))
    seconds = max(1.0, (now - since).total_seconds())
    rows = [row for row in results.rows if datetime.fromisoformat(row.created_at) > since]
    ended = sum(datetime.fromisoformat(trial.created_at) > since for trial in results.trials)
    trained = sum(row.images_trained for row in rows)
    return Pace(
        images_per_s=(trained + sum(row.images_forward for row in rows)) / seconds,
        trials_per_hour=3600.0 * ended / seconds,
        left_s=_left_s(results, ended / seconds, trained / seconds) if ended else None,
    )


def _left_s(results: SweepResults, trials_per_s: float, images_per_s: float) -> float:
    sweep = results.manifest.sweep
    left = (sweep.trials - len(results.trials)) / trials_per_s
    budget = sweep.budget.to_search
    if budget is None or not images_per_s:
        return left
    return min(left, max(0, budget - results.images_trained) / images_per_s)


def last_row(results: SweepResults) -> datetime:
    """Return when a sweep's last row was stored; its launch where there is none."""
    times: Iterable[str] = (
        results.manifest.created_at,
        *(row.created_at for row in results.rows),
        *(trial.created_at for trial in results.trials),
    )
    return max(datetime.fromisoformat(time).astimezone(UTC) for time in times)
