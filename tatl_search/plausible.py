"""Numbers in stored and imported rows that nothing real can have."""

import math
from collections.abc import Callable, Iterable

from tatl_search.figures import GOALS, Unit
from tatl_search.records import CandidateRecord, JudgedRecord, LatencyRecord, TrialRecord

AnyRecord = CandidateRecord | TrialRecord | LatencyRecord | JudgedRecord

_SHARES = tuple(key for key, figure in GOALS.items() if figure.unit is Unit.SHARE)
_AT_LEAST_0 = (
    *(key for key, figure in GOALS.items() if figure.unit is not Unit.SHARE),
    *("seconds", "units_pruned", "units_left", "rounds", "attempts"),
    *("images_trained", "images_without_reuse", "images_forward"),
)
_ABOVE_0 = (
    *("batch", "threads", "image_size", "p50_ms", "p90_ms", "lowest_block_ms", "highest_block_ms"),
    *("blocks", "passes", "val_images", "test_images"),
)


def impossible(record: AnyRecord) -> str:
    """Return which number of a row cannot be, as in `threads is -4`; empty for none.

    NaN and infinity are among them: what compares with them is neither better nor worse, so that
    a front would hold it. The loss alone may be either.
    """
    found = [
        *_beyond(record, _SHARES, lambda value: 0 <= value <= 1),
        *_beyond(record, _AT_LEAST_0, lambda value: value >= 0),
        *_beyond(record, _ABOVE_0, lambda value: value > 0),
    ]
    return ", ".join(found)


def _beyond(
    record: AnyRecord,
    names: Iterable[str],
    allowed: Callable[[float], bool],
) -> list[str]:
    known = {name: getattr(record, name, None) for name in names}
    return [
        f"{name} is {value}"
        for name, value in known.items()
        if value is not None and not (math.isfinite(value) and allowed(value))
    ]
