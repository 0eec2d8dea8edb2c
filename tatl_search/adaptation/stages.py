"""The store of stages: a piece of training is paid for once and found again under its key.

A stage is one folder `<key>/` with `structure.json`, `weights.safetensors` and, written last,
`metrics.json`, which holds the checksums of the others. A folder without it, or whose checksums
do not hold, is no stage: it is computed again.
"""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import safetensors
import safetensors.numpy
from filelock import FileLock

from tatl_search.core.spent import Spent
from tatl_search.files import checksum, storage_errors, write_durably
from tatl_search.methods.context import Learnt

CODE_VERSION = 1
"""Raised when the computation of a stage changes, so that older results are not taken for new."""

METRICS = "metrics.json"
UNFINISHED = ".unfinished-"


@dataclass(frozen=True)
class StageMetrics:
    """What is known of a stage's network, and what it cost to make.

    Attributes:
        accuracy: share of validation images classified correctly.
        loss: mean cross-entropy on the validation images.
        val_images: number of validation images.
        macs: multiply-accumulates of one image.
        parameters: number of parameters.
        size_bytes: bytes of the weights.
        widths: units left in each group.
        images_trained: images through backward in this stage.
        images_forward: images through forward only in this stage.
        seconds: wall-clock of this stage.
        device: what it was computed on.
    """

    accuracy: float
    loss: float
    val_images: int
    macs: int
    parameters: int
    size_bytes: int
    widths: Mapping[str, int]
    images_trained: int
    images_forward: int
    seconds: float
    device: str


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


class StageStore:
    """Stages under one folder, shared by every process that can reach it.

    Several processes may ask for the same key at once: one computes, the others wait for it.
    The lock is the operating system's, so that it dies with its holder.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def get(self, key: str) -> Stage | None:
        """Return the stored stage, or None where there is none that is whole."""
        folder = self._root / key
        try:
            raw = json.loads((folder / METRICS).read_text(encoding="utf-8"))
            if any(checksum(folder / name) != held for name, held in raw["files"].items()):
                return None
            metrics = StageMetrics(**raw["metrics"])
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            return None
        return Stage(key=key, folder=folder, metrics=metrics, owner=raw["owner"])

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
            if stage := self.get(key):
                return stage
            self._root.mkdir(parents=True, exist_ok=True)
            with FileLock(self._root / f"{key}.lock"):
                return self.get(key) or self._compute(key, owner, compute)

    def _compute(self, key: str, owner: str, compute: Callable[[Path], StageMetrics]) -> Stage:
        with tempfile.TemporaryDirectory(dir=self._root, prefix=UNFINISHED) as name:
            folder = Path(name) / key
            folder.mkdir()
            metrics = compute(folder)
            manifest = {
                "owner": owner,
                "metrics": asdict(metrics),
                "files": {path.name: checksum(path) for path in sorted(folder.iterdir())},
            }
            write_durably(folder / METRICS, json.dumps(manifest, indent=1).encode())
            final = self._root / key
            shutil.rmtree(final, ignore_errors=True)
            folder.rename(final)
        return Stage(key=key, folder=final, metrics=metrics, owner=owner)

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
            if found := _read_learnt(path):
                return found, False
            with FileLock(self._root / f"{stage.key}.{name}.lock"):
                if found := _read_learnt(path):
                    return found, False
                made = compute()
                spent = {field: str(count) for field, count in asdict(made.spent).items()}
                write_durably(path, safetensors.numpy.save(dict(made.arrays), metadata=spent))
                return made, True


def _read_learnt(path: Path) -> Learnt | None:
    """Return what lies there, or None where nothing does or it is damaged."""
    try:
        with safetensors.safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            spent = {field: int(count) for field, count in (file.metadata() or {}).items()}
        return Learnt(arrays, Spent(**spent))
    except (FileNotFoundError, safetensors.SafetensorError, ValueError, TypeError):
        return None
