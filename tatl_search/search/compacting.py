"""Merging the rows of ended trials beside a running driver, so that a long sweep is read fast."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from tatl_search.errors import TatlError
from tatl_search.meanwhile import meanwhile
from tatl_search.tracking.merging import Merger

LOOK_EVERY_S = 2.0
"""Time between two looks for rows to merge; a look takes one batch."""

logger = logging.getLogger(__name__)


@contextmanager
def compacting(merger: Merger) -> Iterator[None]:
    """Merge rows of ended trials while the work within goes on, and once more when it is done.

    A failure costs nothing: rows that are not merged are read all the same.
    """
    looks = _Looks(merger)
    with meanwhile(looks.look, LOOK_EVERY_S):
        yield
    while looks.look():
        pass


class _Looks:
    """Looks for rows to merge; a failure is logged, the same one only once."""

    def __init__(self, merger: Merger) -> None:
        self._merger = merger
        self._cleared_up = False
        self._said = ""

    def look(self) -> bool:
        """Merge what is due; return whether there may be more."""
        try:
            if not self._cleared_up:
                self._merger.clear_up()
                self._cleared_up = True
            return self._merger.merge()
        except (TatlError, OSError) as error:
            if str(error) != self._said:
                logger.warning("rows were not merged: %s", error)
            self._said = str(error)
            return False
