"""Decoded images in one Arrow file: written once, then mapped by every process without a copy.

A file holds one record batch a split, so each split is one contiguous block of bytes. Packing
holds the decoded images in memory once, plus a copy of them in the order of the splits.
"""

import hashlib
import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from filelock import FileLock

from tatl_search.data.collection import SplitName
from tatl_search.data.target import Pixels, Split
from tatl_search.errors import StorageError

VERSION = 1

_LOGGER = logging.getLogger(__name__)
_HEAD = b"tatl_search"


@dataclass(frozen=True, eq=False)
class Pack:
    """All splits of a target task, decoded.

    Attributes:
        class_names: name of each label.
        notes: what people should know.
        splits: one for each `SplitName`.
        digest: SHA-256 over pixels, labels and class names.
    """

    class_names: tuple[str, ...]
    notes: tuple[str, ...]
    splits: dict[SplitName, Split]
    digest: str


def pack(
    class_names: tuple[str, ...], notes: tuple[str, ...], splits: dict[SplitName, Split]
) -> Pack:
    """Return the splits with their digest, shielded from being written to."""
    digest = hashlib.sha256(json.dumps(class_names).encode())
    for name, split in splits.items():
        split.images.flags.writeable = split.labels.flags.writeable = False
        digest.update(f"{name.folder} {split.images.shape}".encode())
        digest.update(split.labels.data)
        digest.update(split.images.data)
    return Pack(class_names, notes, splits, digest.hexdigest())


def packed_once(cache: Path, key: str, make: Callable[[], Pack]) -> Pack:
    """Return the pack stored under a key, mapped from its file; make and store it if need be.

    Of processes that ask at the same moment one makes it and the others wait.

    Args:
        cache: folder of packed files, on a disk that can be mapped; made where it is missing.
        key: names the inputs the pack is made from; part of the file's name.
        make: makes the pack.

    Raises:
        StorageError: the folder cannot be written, or the file in it is damaged.
    """
    path = cache / f"{key}.arrow"
    if not path.exists():
        with _locked(cache / f"{key}.lock"):
            if not path.exists():
                _LOGGER.info("Packing images into %s", path)
                _write(path, make())
    return _map(path)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire()
    except OSError as error:
        raise StorageError(f"cannot pack images in {path.parent}: {error}") from error
    try:
        yield
    finally:
        lock.release()


def _write(path: Path, made: Pack) -> None:
    """Write the file under another name first: no process ever sees half of it."""
    head = {"class_names": made.class_names, "notes": made.notes, "digest": made.digest}
    height, width = made.splits[SplitName.TRAIN].images.shape[1:3]
    schema = pa.schema(
        {"image": pa.list_(pa.uint8(), height * width * 3), "label": pa.int64()},
        metadata={_HEAD: json.dumps({**head, "shape": [height, width, 3]})},
    )
    partial = path.with_suffix(".partial")
    try:
        with partial.open("wb") as file:
            with pa.ipc.new_file(file, schema) as writer:
                for name in SplitName:
                    writer.write_batch(_to_batch(made.splits[name], schema))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        raise StorageError(f"cannot write the packed images {path}: {error}") from error
    finally:
        with suppress(OSError):
            partial.unlink()


def _to_batch(split: Split, schema: pa.Schema) -> pa.RecordBatch:
    pixels = pa.array(split.images.reshape(-1))
    images = pa.FixedSizeListArray.from_arrays(pixels, type=schema.field("image").type)
    return pa.record_batch([images, pa.array(split.labels)], schema=schema)


def _map(path: Path) -> Pack:
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        head = json.loads((reader.schema.metadata or {})[_HEAD])
        splits = {name: _to_split(reader.get_batch(name), head["shape"]) for name in SplitName}
    except OSError as error:
        raise StorageError(f"cannot read the packed images {path}: {error}") from error
    except (pa.ArrowException, KeyError, ValueError) as error:
        raise StorageError(f"{path} is damaged ({error}). Delete it and start again.") from error
    return Pack(tuple(head["class_names"]), tuple(head["notes"]), splits, head["digest"])


def _to_split(batch: pa.RecordBatch, shape: list[int]) -> Split:
    images: Pixels = batch.column("image").flatten().to_numpy(zero_copy_only=True)
    labels = batch.column("label").to_numpy(zero_copy_only=True)
    return Split(images.reshape(-1, *shape), labels.astype(np.int64, copy=False))
