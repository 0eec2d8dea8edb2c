"""The packed form of a target task: one Arrow file, mapped by every process without a copy.

A file holds one record batch with a row for each usable image of a source, in the source's order;
which of them serve for what is decided when the file is opened (`splits.cut`).
"""

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict

from tatl_search.data.names import one_form
from tatl_search.data.reading import SIXTEEN_BITS
from tatl_search.data.target import Labels, Pixels
from tatl_search.errors import InputError, StorageError

VERSION = 2
SUFFIX = ".arrow"

Brought = npt.NDArray[np.int8]
Contents = npt.NDArray[np.bytes_]

_HEAD = b"tatl_search"
_CHANNELS = 3
_HASH_BYTES = 32


class _Stored(BaseModel):
    model_config = ConfigDict(frozen=True)


class LeftOut(_Stored):
    """A file that is not among the images, and why."""

    name: str
    reason: str

    def __str__(self) -> str:
        return f"left out: {self.name} ({self.reason})"


class Head(_Stored):
    """What a packed file says of itself.

    Attributes:
        version: of the format.
        class_names: name of each label.
        side: of the square images in pixels.
        remarks: what the source said of itself, and of the range of its values.
        left_out: files that are not among the images.
        origin: the source's kind and path, for people.
        made_from: hash of the source's signature and of what decoded it; tells a file that is
            older than its source.
        digest: SHA-256 over images, labels, splits, contents and class names; the same wherever
            the source lies.
        sixteen_bit_max: what was white in files with 16 bits a channel.
    """

    version: int = VERSION
    class_names: tuple[str, ...]
    side: int
    remarks: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    origin: str
    made_from: str
    digest: str
    sixteen_bit_max: int = SIXTEEN_BITS


@dataclass(frozen=True, eq=False)
class Columns:
    """The images of a packed file, row by row; all arrays are read-only.

    Attributes:
        images: (M, S, S, 3) RGB.
        labels: (M,) indices into the class names.
        brought: (M,) `SplitName` the source puts each image in.
        contents: (M,) SHA-256 of each image as it was before it was resized.
        names: (M,) Arrow strings: where each image was, for people.
    """

    images: Pixels
    labels: Labels
    brought: Brought
    contents: Contents
    names: pa.StringArray

    def digest(self, class_names: Sequence[str]) -> str:
        """Return the SHA-256 that `Head.digest` speaks of; reads all images."""
        digest = hashlib.sha256(json.dumps([class_names, self.images.shape]).encode())
        for column in (self.labels, self.brought, self.contents, self.images):
            digest.update(np.ascontiguousarray(column).view(np.uint8).data)
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class Pack:
    """A target task in packed form."""

    head: Head
    columns: Columns

    def __len__(self) -> int:
        return len(self.columns.labels)

    @cached_property
    def class_names(self) -> tuple[str, ...]:
        """Name of each label, in one form of Unicode whoever packed it."""
        return tuple(map(one_form, self.head.class_names))

    @property
    def labels(self) -> Labels:
        """(M,) label of each image."""
        return self.columns.labels

    @property
    def brought(self) -> Brought:
        """(M,) `SplitName` the source puts each image in."""
        return self.columns.brought

    @cached_property
    def copies(self) -> npt.NDArray[np.int64]:
        """(M,) number of each image's content: copies have the same."""
        return np.unique(self.columns.contents, return_inverse=True)[1]

    def name(self, row: int) -> str:
        """Return where an image was, for people."""
        return str(self.columns.names[row])

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know of the images, such as files left out."""
        return (*self.head.remarks, *map(str, self.head.left_out))


def write_pack(path: Path, pack: Pack) -> None:
    """Write a packed file.

    Raises:
        OSError: it cannot be written; what was written stays.
    """
    columns = pack.columns
    batch = pa.record_batch(
        {
            "image": _binary(columns.images, columns.images[0].nbytes),
            "label": pa.array(columns.labels),
            "split": pa.array(columns.brought),
            "name": columns.names,
            "sha256": _binary(columns.contents, _HASH_BYTES),
        }
    )
    schema = batch.schema.with_metadata({_HEAD: pack.head.model_dump_json()})
    with path.open("wb") as file, pa.ipc.new_file(file, schema) as writer:
        writer.write_batch(batch.replace_schema_metadata(schema.metadata))


def _binary(array: npt.NDArray[np.generic], width: int) -> pa.FixedSizeBinaryArray:
    # Fixed-size lists of bytes hold 2^31 bytes at most, fixed-size binaries as many values.
    buffers = [None, pa.py_buffer(np.ascontiguousarray(array).view(np.uint8))]
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), len(array), buffers)


def open_pack(path: Path) -> Pack:
    """Map a packed file; its images are read from disk when they are looked at.

    Raises:
        StorageError: it cannot be read, or is no packed file, or damaged.
        InputError: another version wrote it.
    """
    try:
        reader = pa.ipc.open_file(pa.memory_map(str(path)))
        written = (reader.schema.metadata or {})[_HEAD]
        _check_version(path, json.loads(written)["version"])
        head = Head.model_validate_json(written)
        return Pack(head, _columns(reader.get_batch(0), head.side))
    except OSError as error:
        raise StorageError(f"cannot read the packed images {path}: {error}") from error
    except (pa.ArrowException, KeyError, TypeError, ValueError) as error:
        raise StorageError(f"{path} is damaged ({error}). Delete it and start again.") from error


def _check_version(path: Path, found: int) -> None:
    if found != VERSION:
        raise InputError(
            f"{path} has version {found} of the packed form; this product reads version"
            f" {VERSION}. Pack the images again: tatl-search data pack."
        )


def _columns(batch: pa.RecordBatch, side: int) -> Columns:
    def values(name: str, kind: npt.DTypeLike, count: int) -> npt.NDArray[Any]:
        return np.frombuffer(batch.column(name).buffers()[1], kind, count)

    rows, shape = batch.num_rows, (batch.num_rows, side, side, _CHANNELS)
    return Columns(
        images=values("image", np.uint8, math.prod(shape)).reshape(shape),
        labels=values("label", np.int64, rows),
        brought=values("split", np.int8, rows),
        contents=values("sha256", f"S{_HASH_BYTES}", rows),
        names=batch.column("name"),
    )
