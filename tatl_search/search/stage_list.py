"""What a sweep's stages are: the networks, who computed them, who uses them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tatl_search.adaptation.stages import Holding, StageStore
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.results.front import front_of
from tatl_search.results.store import load_sweep


@dataclass(frozen=True)
class StageEntry:
    """One stage of a sweep.

    Attributes:
        key: its name.
        network: library and model name; null where no row tells.
        round: in the trials that use it; null where no row tells.
        accuracy: share of validation images classified correctly.
        macs: multiply-accumulates of one image.
        size_bytes: bytes it takes on disk, with what was learnt of it.
        computed_by: who computed it, as `<sweep>/trial-3`.
        used_by: labels of the rows that hold it.
        on_front: whether it is on the front.
        evicted: whether its weights were removed to save space.
    """

    key: str
    network: str | None
    round: int | None
    accuracy: float
    macs: int
    size_bytes: int
    computed_by: str
    used_by: tuple[str, ...]
    on_front: bool
    evicted: bool


def list_stages(folder: Path) -> list[StageEntry]:
    """Return a sweep's stages, from large to small networks.

    Raises:
        InputError: it is no sweep.
    """
    results = load_sweep(folder)
    rows: dict[str, list[CandidateRecord]] = defaultdict(list)
    for row in results.rows:
        rows[row.stage].append(row)
    front = {row.stage for row in front_of(results).members()}
    holdings = StageStore(SweepFolder(folder).stages).holdings()
    entries = [_entry(held, rows[held.stage.key], held.stage.key in front) for held in holdings]
    return sorted(entries, key=lambda entry: (-entry.macs, entry.key))


def _entry(held: Holding, rows: Sequence[CandidateRecord], on_front: bool) -> StageEntry:
    metrics = held.stage.metrics
    return StageEntry(
        key=held.stage.key,
        network=rows[0].network if rows else None,
        round=rows[0].round if rows else None,
        accuracy=metrics.accuracy,
        macs=metrics.macs,
        size_bytes=held.size_bytes,
        computed_by=held.stage.owner,
        used_by=tuple(row.label for row in rows),
        on_front=on_front,
        evicted=held.evicted,
    )
