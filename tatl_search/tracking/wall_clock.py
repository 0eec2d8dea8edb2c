"""The wall-clock of a sweep, driver by driver, as `drivers.json` keeps it.

It counts from the command on: the start of Ray, checks and first fine-tunings are part of it.
"""

import json
import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from tatl_search.files import write_durably
from tatl_search.manifest import SweepFolder

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class DriverTime:
    """One driver of a sweep.

    Attributes:
        began_at: UTC time of the command that asked for it, ISO 8601.
        seconds: from then to its end; null while it runs, and where it was killed.
    """

    began_at: str
    seconds: float | None = None

    @property
    def began(self) -> datetime:
        """When it was asked for."""
        return datetime.fromisoformat(self.began_at)


_DRIVERS = TypeAdapter(tuple[DriverTime, ...])


class WallClock:
    """The time that a sweep's drivers took; pauses between them are no part of it."""

    def __init__(self, drivers: Sequence[DriverTime], signs: Sequence[datetime]) -> None:
        """Put drivers and rows together.

        Args:
            drivers: in order, at least one.
            signs: when rows were stored: the last of a driver that has not said its end counts
                for it.
        """
        self._parts: list[tuple[datetime, datetime]] = []
        following = [driver.began for driver in drivers[1:]]
        for driver, after in zip(drivers, [*following, None], strict=True):
            if driver.seconds is not None:
                end = driver.began + timedelta(seconds=driver.seconds)
            else:
                own = (sign for sign in signs if after is None or sign < after)
                end = max(own, default=driver.began)
            self._parts.append((driver.began, max(end, driver.began)))

    @property
    def seconds(self) -> float:
        """All of it."""
        return sum((end - began).total_seconds() for began, end in self._parts)

    def until(self, moment: datetime) -> float:
        """Return the seconds that had been spent at a moment."""
        return sum(
            (min(moment, end) - began).total_seconds()
            for began, end in self._parts
            if moment > began
        )


def read_drivers(folder: SweepFolder) -> tuple[DriverTime, ...]:
    """Return a sweep's drivers, in order; none where an earlier version ran it."""
    try:
        return _DRIVERS.validate_json(folder.drivers.read_bytes())
    except FileNotFoundError:
        return ()
    except (OSError, ValidationError) as error:
        told = " ".join(str(error).split())
        logger.warning("%s is damaged and left out: %s", folder.drivers, told)
        return ()


@contextmanager
def on_the_clock(folder: SweepFolder, began: float, is_first: bool) -> Iterator[None]:
    """Note how long a driver takes.

    Nothing is noted where an earlier version launched the sweep: its time is not known as a whole.

    Args:
        folder: of the sweep, which this driver holds.
        began: when it was asked for, by `time.monotonic`.
        is_first: whether it is the sweep's first driver.
    """
    earlier = read_drivers(folder)
    if not (is_first or earlier):
        yield
        return
    began_at = datetime.now(UTC) - timedelta(seconds=time.monotonic() - began)
    this = DriverTime(began_at.isoformat(timespec="milliseconds"))
    _write(folder.drivers, (*earlier, this))
    try:
        yield
    finally:
        ended = DriverTime(this.began_at, round(time.monotonic() - began, 3))
        _write(folder.drivers, (*earlier, ended))


def _write(path: Path, drivers: Sequence[DriverTime]) -> None:
    write_durably(path, json.dumps([asdict(driver) for driver in drivers], indent=1).encode())
