"""Keeping a sweep's stages within their size, while it runs and afterwards."""

import logging
import math
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ray import tune

from tatl_search.adaptation.eviction import evict, to_evict
from tatl_search.adaptation.opening import open_store
from tatl_search.adaptation.stages import Holding
from tatl_search.errors import TatlError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.remote.mirror import mirror_of
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.report import CandidateReport, EndReport, from_dict
from tatl_search.tracking.reading import read_records

GB = 1e9
SPARE = 0.9
"""A running sweep is cut back to this share of its size, so that it is seldom looked through."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cut:
    """What was, or would be, removed.

    Attributes:
        evicted: the stages that lose their weights.
        left_bytes: what is left, about.
    """

    evicted: tuple[Holding, ...]
    left_bytes: int


def never_evicted(results: SweepResults) -> frozenset[str]:
    """Return the keys of the front's, shared first fine-tunings' and finished networks."""
    front = {row.stage for row in front_of(results).members()}
    firsts = Counter(row.stage for row in results.candidates if row.round == 0)
    shared = {key for key, trials in firsts.items() if trials > 1}
    finished = read_records(results.folder.finished, CandidateRecord)
    others = (*results.roots, *finished)
    return frozenset(front | shared | {row.stage for row in others})


def cut_back(folder: Path, keep_bytes: float, dry_run: bool = False) -> Cut:
    """Evict stages of a sweep until the rest keeps within a size, the least recently used first.

    Stages in use stay, and so do the front's and shared first fine-tunings.

    Raises:
        InputError: it is no sweep.
        StorageError: its stages cannot be written.
    """
    where = SweepFolder(folder)
    store = open_store(where, mirror_of(where))
    holdings = store.holdings()
    chosen = to_evict(holdings, never_evicted(load_sweep(folder)), keep_bytes)
    gone = chosen if dry_run else evict(store, chosen)
    left = sum(held.size_bytes for held in holdings) - sum(held.size_bytes for held in gone)
    return Cut(tuple(gone), left)


class StageKeeper(tune.Callback):
    """Cuts a running sweep's stages back beside the driver, whenever they may be too large."""

    def __init__(self, folder: Path, keep_gb: float | None) -> None:
        """Keep the stages of a sweep within so many 10^9 bytes; null lets them grow."""
        self._folder = folder
        self._keep_bytes = math.inf if keep_gb is None else keep_gb * GB
        self._at_most = math.inf
        self._thread = ThreadPoolExecutor(max_workers=1)
        self._cutting: Future[None] | None = None

    def on_trial_result(
        self, iteration: int, trials: list[Any], trial: Any, result: dict[str, Any], **info: Any
    ) -> None:
        """Hear a worker's report."""
        report = from_dict(result)
        if isinstance(report, CandidateReport) and report.images_trained:
            self._at_most += report.size_bytes
        elif isinstance(report, EndReport) and self._is_due():
            self._cutting = self._thread.submit(self._cut)

    def _is_due(self) -> bool:
        idle = self._cutting is None or self._cutting.done()
        return idle and self._at_most > self._keep_bytes

    def _cut(self) -> None:
        try:
            self._at_most = cut_back(self._folder, SPARE * self._keep_bytes).left_bytes
        except TatlError as error:
            logger.warning("the stages were not cut back: %s", error)

    def close(self) -> None:
        """Wait for what is under way, then cut back once more."""
        self._thread.shutdown()
        if self._at_most > self._keep_bytes:
            self._cut()

    def __getstate__(self) -> dict[str, Any]:
        return {}  # Ray pickles callbacks into state that is never restored
