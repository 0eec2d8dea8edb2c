"""The one way to the target's images: source, cuts, packed file."""

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import PIL

from tatl_search.config import DataSettings
from tatl_search.data import packed
from tatl_search.data.collection import Collection, Source, SplitName
from tatl_search.data.digits import open_digits
from tatl_search.data.folder import open_folder
from tatl_search.data.idx import open_idx
from tatl_search.data.splits import Indices, cut, remarks
from tatl_search.data.target import Split, TargetData

SOURCES: Mapping[str, Callable[[DataSettings], Source]] = {
    "digits": open_digits,
    "folder": open_folder,
    "idx": open_idx,
}

# Changes what training sees, but not what is packed.
_AUGMENTATION = {"flip", "shift"}


def load_target(settings: DataSettings, cache: Path | None = None) -> TargetData:
    """Return the target task's images, decoded, square, and cut into splits.

    With a cache the first call packs everything into one file that this and every later call,
    in whatever process, maps read-only without a copy. A later call opens no image; it packs
    anew when a file of the source has come, gone, or changed in size or time.

    Args:
        settings: where the images come from and how they are cut; `splits.cut` says how.
        cache: folder of packed files; without it, all images are held in memory.

    Raises:
        InputError: the source is missing, malformed, or too small for its classes.
        StorageError: the cache cannot be read or written.
    """
    source = SOURCES[settings.source](settings)

    def make() -> packed.Pack:
        return _assemble(source.read(settings.image_size), settings)

    made = make() if cache is None else packed.packed_once(cache, _key(source, settings), make)
    return TargetData(
        class_names=made.class_names,
        image_size=settings.image_size,
        fingerprint=_fingerprint(made.digest, settings),
        train=made.splits[SplitName.TRAIN],
        val=made.splits[SplitName.VAL],
        notes=made.notes,
        _test=made.splits[SplitName.TEST],
    )


def _assemble(collection: Collection, settings: DataSettings) -> packed.Pack:
    parts = cut(collection, settings)
    notes = (*collection.notes, *remarks(collection, parts, settings))
    splits = {name: _gather(collection, part, settings.image_size) for name, part in parts.items()}
    return packed.pack(collection.class_names, notes, splits)


def _gather(collection: Collection, indices: Indices, side: int) -> Split:
    images = np.empty((len(indices), side, side, 3), dtype=np.uint8)
    for row, index in enumerate(indices):
        images[row] = collection.square(index)
    return Split(images, collection.labels[indices])


def _key(source: Source, settings: DataSettings) -> str:
    """Return a hash of everything the packed file follows from, short enough for a name."""
    inputs = {
        "version": packed.VERSION,
        "pillow": PIL.__version__,
        "source": source.signature,
        "settings": settings.model_dump(mode="json", exclude={"path", *_AUGMENTATION}),
    }
    return hashlib.sha256(json.dumps(inputs, sort_keys=True).encode()).hexdigest()[:32]


def _fingerprint(digest: str, settings: DataSettings) -> str:
    seen = {"packed": digest, **settings.model_dump(include=_AUGMENTATION)}
    return hashlib.sha256(json.dumps(seen, sort_keys=True).encode()).hexdigest()
