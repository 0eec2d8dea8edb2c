"""Which stages a store gives up when it is too large, and how one of them comes back."""

from collections.abc import Iterable, Sequence, Set

from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import Holding, Stage, StageStore
from tatl_search.adaptation.workbench import Workbench


def to_evict(holdings: Sequence[Holding], kept: Set[str], keep_bytes: float) -> list[Holding]:
    """Return what has to go for a store to keep within its size, the least recently used first.

    Where what must be kept is more than that, all else goes.

    Args:
        holdings: what the store holds.
        kept: keys that stay whatever they take.
        keep_bytes: how much may stay.
    """
    surplus = sum(holding.size_bytes for holding in holdings) - keep_bytes
    chosen = []
    for holding in sorted(holdings, key=lambda holding: (holding.used_at, holding.stage.key)):
        if surplus <= 0:
            break
        if not holding.evicted and holding.stage.key not in kept:
            chosen.append(holding)
            surplus -= holding.size_bytes
    return chosen


def evict(store: StageStore, holdings: Iterable[Holding]) -> list[Holding]:
    """Remove the weights of stages and return of which: those in use keep theirs.

    Raises:
        StorageError: the store cannot be written.
    """
    return [holding for holding in holdings if store.evict(holding.stage.key)]


def recompute(bench: Workbench, key: str) -> Stage | None:
    """Run an adaptation again until it reaches a stage, most of it found stored.

    Args:
        bench: with the settings, threads and device that led to the stage.
        key: of the stage.

    Returns:
        The stage; null if these settings do not lead to it here.
    """
    return next((c.stage for c in adapt(bench) if c.stage.key == key), None)
