"""Stages behind a URI: what one machine has computed, another brings down."""

from collections.abc import Set
from functools import cached_property
from pathlib import Path

from tatl_search.remote.mirror import Mirror

STRUCTURE = "structure.json"
WEIGHTS = "weights.safetensors"
METRICS = "metrics.json"
NETWORK_FILES = (STRUCTURE, WEIGHTS)


class Elsewhere:
    """The stages of a sweep as they lie behind its URI, under the names they have here.

    As in a folder, `metrics.json` comes last and holds the checksums of the others, so that what
    two machines have stored at the same moment is whole or seen not to be.

    Each method raises StorageError where the storage stays away for too long.
    """

    def __init__(self, mirror: Mirror, root: Path) -> None:
        self._mirror = mirror
        self._root = root

    @cached_property
    def keys(self) -> Set[str]:
        """The stages that were there when this was first asked, evicted ones included."""
        return {path.parent.name for path in self._mirror.names(self._root) if path.name == METRICS}

    def settle_stage(self, folder: Path) -> None:
        """Store a whole stage unless it is there; an evicted one has a longer description."""
        description = folder / METRICS
        if self._mirror.size(description) != description.stat().st_size:
            self.send_stage(folder)

    def send_stage(self, folder: Path) -> None:
        """Store a whole stage, in place of what is there."""
        for name in (*NETWORK_FILES, METRICS):
            self._mirror.send(folder / name)

    def bring_stage(self, stored: Path, into: Path) -> bool:
        """Bring a stage's files into another folder; return whether all were there."""
        names = (METRICS, *NETWORK_FILES)  # the first says whether there is anything to bring
        return all(self._mirror.bring(stored / name, into / name) for name in names)

    def bring_descriptions(self) -> None:
        """Bring down what is said of stages that are not here, without their weights."""
        for path in self._mirror.names(self._root):
            if path.name == METRICS and not path.exists():
                self._mirror.bring(path.with_name(STRUCTURE))
                self._mirror.bring(path)

    def evict(self, folder: Path) -> None:
        """Remove a stage's weights and what was learnt of them, its description replaced first."""
        self._mirror.send(folder / METRICS)
        for path in self._mirror.names(folder):
            if path.suffix == ".safetensors":
                self._mirror.remove(path)

    def bring(self, path: Path) -> bool:
        """Bring one file of a stage down; return whether it was there."""
        return self._mirror.bring(path)

    def send(self, path: Path) -> None:
        """Store one file of a stage."""
        self._mirror.send(path)
