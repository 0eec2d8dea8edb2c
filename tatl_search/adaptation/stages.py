"""The store of stages: a piece of training is paid for once and found again under its key.

A stage is one folder `<key>/` with `structure.json`, `weights.safetensors` and, written last,
`metrics.json`, which holds the checksums of the others and of what it says itself. A folder
without it, or whose checksums do not hold, is no stage: it is computed again. An evicted stage has
lost its weights and kept the rest, so that it can be computed again under the same key.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from tatl_search.adaptation.earlier import earlier_stages, link_files
from tatl_search.adaptation.learnt import learnt_bytes, read_learnt
from tatl_search.adaptation.leases import Leases, lease_file, unless_in_use
from tatl_search.adaptation.sharing import METRICS, NETWORK_FILES, WEIGHTS, Elsewhere
from tatl_search.adaptation.turns import alone_with, moved
from tatl_search.figures import Measured
from tatl_search.files import checksum, storage_errors, write_durably
from tatl_search.methods.context import Learnt

CODE_VERSION = 3
"""Raised when the computation of a stage changes, so that older results are not taken for new."""

SAME_COMPUTATION = (2, 3)
"""The versions that compute what this one does: 3 only makes keys otherwise than 2."""

CODE, UNSTATED = "code_version", 2
"""In what a stage says of itself: the version that computed it, and that of older stages."""

DIGEST = "sha256"
UNFINISHED = ".unfinished-"
EARLIER = "earlier:"
"""What begins the owner of a stage that another sweep of the same storage computed."""


def in_silence() -> None:
    """Give no sign of life: nobody watches."""


@dataclass(frozen=True, kw_only=True)
class StageMetrics(Measured):
    """What is known of a stage's network, and what it cost to make.

    Attributes:
        widths: units left in each group.
        images_trained: images through backward in this stage.
        images_forward: images through forward only in this stage.
        seconds: wall-clock of this stage.
        device: what it was computed on.
        micro_batch: most images that went through at once, where batches did not fit into memory;
            null where they went whole. Not in the key, which has to be known before memory runs
            out: like the device's name it says how this result came about, not what was asked.
    """

    widths: Mapping[str, int]
    images_trained: int
    images_forward: int
    seconds: float
    device: str
    micro_batch: int | None = None


@dataclass(frozen=True)
class Stage:
    """A stored piece of training.

    Attributes:
        key: names everything that decided the result.
        folder: where the network lies.
        metrics: what is known of it.
        owner: who computed it: the first to ask for it.
    """

    key: str
    folder: Path
    metrics: StageMetrics
    owner: str

    @property
    def is_untrained(self) -> bool:
        """Whether it is the pre-trained network as it came, whose head means nothing yet."""
        return not self.metrics.val_images


@dataclass(frozen=True)
class Holding:
    """What a store holds of a stage, its networks not looked at.

    Attributes:
        stage: what is known of it.
        size_bytes: bytes it takes on disk.
        used_at: when it was last asked for, seconds since 1970.
        evicted: whether its weights were removed to save space.
    """

    stage: Stage
    size_bytes: int
    used_at: float
    evicted: bool


class StageStore:
    """Stages under one folder, shared by every process that can reach it.

    Several processes may ask for the same key at once: one computes, the others wait for it for
    as long as it shows that it lives. A stage that was asked for is not evicted until this store is
    let go of.
    """

    def __init__(
        self,
        root: Path,
        storage: Path | None = None,
        alive: Callable[[], None] = in_silence,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        """Open a store.

        Args:
            root: where the stages lie; need not exist.
            storage: the folder of all sweeps, in which stages are looked for before they are
                computed; null looks nowhere else.
            alive: called again and again while another process is waited for.
            elsewhere: where stages also lie, for other machines; null for nowhere.
        """
        self._root = root
        self._alive = alive
        self._storage = storage
        self._elsewhere = elsewhere
        self._leases = Leases(root)

    def get(self, key: str) -> Stage | None:
        """Return the stored stage, or None where there is none that is whole."""
        return _whole(self._root / key)

    def is_evicted(self, key: str) -> bool:
        """Whether a stage's weights were removed to save space, and all else is whole."""
        folder = self._root / key
        raw = _manifest(folder)
        if raw is None or not raw.get("evicted") or self.get(key):
            return False
        kept = {n: held for n, held in raw["files"].items() if not n.endswith(".safetensors")}
        return _holds(folder, kept)

    def is_reproducible(self, key: str) -> bool:
        """Whether this version computes what the version did that a stage is of."""
        raw = _manifest(self._root / key)
        return raw is not None and raw.get(CODE, UNSTATED) in SAME_COMPUTATION

    def find(self, key: str) -> Stage | None:
        """Return the stored stage, brought down if it lies elsewhere only; null without one.

        Raises:
            StorageError: the store cannot be written.
        """
        if (stage := self.get(key)) or self._elsewhere is None:
            return stage
        with storage_errors(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            with self._alone_with(key):
                return self.get(key) or self._bring(key)

    def holds(self, key: str) -> bool:
        """Whether a stage need not be computed again to be had, or was evicted to save space."""
        here = self.get(key) is not None or self.is_evicted(key)
        return here or (self._elsewhere is not None and key in self._elsewhere.keys)

    def holdings(self) -> list[Holding]:
        """Return everything of which the metrics can be read, by key."""
        if self._elsewhere is not None:
            self._elsewhere.bring_descriptions()
        found = (self._holding(path) for path in sorted(self._root.glob(f"*/{METRICS}")))
        return [holding for holding in found if holding is not None]

    def _holding(self, path: Path) -> Holding | None:
        folder = path.parent
        raw = _manifest(folder)
        stage = _described(folder, raw)
        if raw is None or stage is None:
            return None
        lease = lease_file(self._root, folder.name)
        is_elsewhere = not raw.get("evicted") and not (folder / WEIGHTS).exists()
        return Holding(
            stage=stage,
            size_bytes=sum(file.stat().st_size for file in folder.iterdir())
            + is_elsewhere * stage.metrics.size_bytes,
            used_at=(lease if lease.exists() else path).stat().st_mtime,
            evicted=bool(raw.get("evicted")) and self.get(folder.name) is None,
        )

    def get_or_compute(
        self, key: str, owner: str, compute: Callable[[Path], StageMetrics]
    ) -> Stage:
        """Return the stage of this key, computing and storing it where it is missing.

        Args:
            key: what decides the result.
            owner: who asks; remembered if this call computes the stage.
            compute: writes the network into the folder it is given and returns its metrics.

        Raises:
            StorageError: the store cannot be written.
        """
        with storage_errors(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
            self._leases.hold(key)
            if (stage := self.get(key)) is None:
                with self._alone_with(key):
                    stage = (
                        self.get(key)
                        or self._adopt(key)
                        or self._bring(key)
                        or self._compute(key, owner, compute)
                    )
            if self._elsewhere is not None:
                self._elsewhere.settle_stage(stage.folder)
            return stage

    def _alone_with(self, name: str) -> AbstractContextManager[None]:
        """Wait until nobody else works on something, and keep it so."""
        return alone_with(self._root / f"{name}.lock", self._alive)

    def _adopt(self, key: str) -> Stage | None:
        """Take the stage over from another sweep of the same storage, if one has it whole."""
        if self._storage is None:
            return None
        for source in earlier_stages(self._storage, key):
            with tempfile.TemporaryDirectory(dir=self._root, prefix=UNFINISHED) as name:
                folder = Path(name) / key
                folder.mkdir()
                if link_files(source, folder) and (found := _whole(folder)):
                    return self._place(
                        folder, EARLIER + found.owner.removeprefix(EARLIER), found.metrics
                    )
        return None

    def _bring(self, key: str) -> Stage | None:
        """Bring the stage down if another machine has stored it whole."""
        if self._elsewhere is None:
            return None
        with tempfile.TemporaryDirectory(dir=self._root, prefix=UNFINISHED) as name:
            folder = Path(name) / key
            folder.mkdir()
            if self._elsewhere.bring_stage(self._root / key, folder) and (found := _whole(folder)):
                return self._place(folder, found.owner, found.metrics)
        return None

    def _compute(self, key: str, owner: str, compute: Callable[[Path], StageMetrics]) -> Stage:
        with tempfile.TemporaryDirectory(dir=self._root, prefix=UNFINISHED) as name:
            folder = Path(name) / key
            folder.mkdir()
            stage = self._place(folder, owner, compute(folder))
        if self._elsewhere is not None:
            self._elsewhere.send_stage(stage.folder)
        return stage

    def _place(self, folder: Path, owner: str, metrics: StageMetrics) -> Stage:
        """Say what is in a finished folder and move it to where the stage is looked for."""
        manifest: dict[str, Any] = {
            CODE: CODE_VERSION,
            "owner": owner,
            "metrics": asdict(metrics),
            "files": {
                path.name: checksum(path)
                for path in sorted(folder.iterdir())
                if path.name in NETWORK_FILES
            },
        }
        manifest[DIGEST] = _digest_of_manifest(manifest)
        write_durably(folder / METRICS, json.dumps(manifest, indent=1).encode())
        final = self._root / folder.name
        first = moved(folder, final, lambda: self.get(folder.name))
        return first or Stage(folder.name, final, metrics, owner)

    def evict(self, key: str) -> bool:
        """Remove a stage's weights and what was learnt of them; all else stays.

        Returns:
            Whether they were removed: what is in use, or not there, is left as it is.

        Raises:
            StorageError: the store cannot be written.
        """
        folder = self._root / key
        with storage_errors(self._root), unless_in_use(self._root, key) as free:
            raw = _manifest(folder)
            if not free or raw is None:
                return False
            # Marked first: a kill in between leaves a stage that is still whole.
            write_durably(folder / METRICS, json.dumps({**raw, "evicted": True}, indent=1).encode())
            for path in folder.glob("*.safetensors"):
                path.unlink()
            if self._elsewhere is not None:
                self._elsewhere.evict(folder)
            return True

    def clear_unfinished(self) -> None:
        """Remove what killed processes left half-made.

        To be called while nobody computes; who still does finds its folder gone and fails.
        """
        for folder in self._root.glob(f"{UNFINISHED}*"):
            shutil.rmtree(folder, ignore_errors=True)

    def learnt(self, stage: Stage, name: str, compute: Callable[[], Learnt]) -> tuple[Learnt, bool]:
        """Return arrays made from a stage's network, made once and kept beside it.

        Several processes may ask at once: one computes, the others wait for it.

        Returns:
            The arrays with what they cost whoever made them, and whether this call did.

        Raises:
            StorageError: the store cannot be written.
        """
        path = stage.folder / f"{name}.safetensors"
        with storage_errors(self._root):
            if found := read_learnt(path):
                return found, False
            with self._alone_with(f"{stage.key}.{name}"):
                if self._elsewhere is not None and not path.exists():
                    self._elsewhere.bring(path)
                if found := read_learnt(path):
                    return found, False
                made = compute()
                write_durably(path, learnt_bytes(made))
                if self._elsewhere is not None:
                    self._elsewhere.send(path)
                return made, True


def _whole(folder: Path) -> Stage | None:
    """Return the stage of a folder whose checksums hold."""
    raw = _manifest(folder)
    return _described(folder, raw) if raw is not None and _holds(folder, raw["files"]) else None


def _manifest(folder: Path) -> dict[str, Any] | None:
    """Return what a folder says of itself, or None where it says nothing or is damaged."""
    try:
        raw = json.loads((folder / METRICS).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    held = isinstance(raw, dict) and isinstance(raw.get("files"), dict)
    # Earlier versions stored none.
    return raw if held and raw.get(DIGEST) in (None, _digest_of_manifest(raw)) else None


def _digest_of_manifest(raw: Mapping[str, Any]) -> str:
    """Return the SHA-256 of what a folder says of its stage, whatever became of its weights."""
    said = json.dumps([raw.get(part) for part in ("owner", "metrics", "files")], sort_keys=True)
    return hashlib.sha256(said.encode()).hexdigest()


def _described(folder: Path, raw: Mapping[str, Any] | None) -> Stage | None:
    if raw is None:
        return None
    try:
        metrics = StageMetrics(**raw["metrics"])
        return Stage(key=folder.name, folder=folder, metrics=metrics, owner=raw["owner"])
    except (KeyError, TypeError):
        return None


def _holds(folder: Path, files: Mapping[str, str]) -> bool:
    try:
        return all(checksum(folder / name) == held for name, held in files.items())
    except FileNotFoundError:
        return False
