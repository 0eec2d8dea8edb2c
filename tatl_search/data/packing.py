"""Packing: every image of a source decoded once, by one process, in bounded memory."""

import functools
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pyarrow as pa

from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.images import content_hash
from tatl_search.data.once import sole_maker, unfinished
from tatl_search.data.packed import Columns, Head, LeftOut, Pack, open_pack, write_pack
from tatl_search.data.ranges import say_ranges
from tatl_search.data.reading import PEAK, SIXTEEN_BITS, UnusableImageError, to_square
from tatl_search.data.splits import check_classes
from tatl_search.data.target import Pixels
from tatl_search.errors import InputError, StorageError
from tatl_search.files import put_in_place

_CHUNK = 256
"""Images that are in memory at once, resized."""

_AT_A_TIME = 8
"""Images that a thread takes at a time: with one, small images cost less than to hand them over."""

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True)
class Origin:
    """What a packed file is made from.

    Attributes:
        read: lists the images.
        side: of the stored squares in pixels.
        named: the source's kind and path, for people.
        made_from: changes when the file has to be made anew.
        sixteen_bit_max: what is white in files with 16 bits a channel.
    """

    read: Callable[[], Collection]
    side: int
    named: str
    made_from: str
    sixteen_bit_max: int = SIXTEEN_BITS


def packed_once(path: Path, origin: Origin) -> Pack:
    """Return the packed file at a path, mapped; make it if it is missing or older than its source.

    Of processes that ask at the same moment one makes it and the others wait.

    Raises:
        InputError: the images do not make a target task.
        StorageError: the folder cannot be written, or the file in it is damaged.
    """
    found = _up_to_date(path, origin)
    if found is None:
        with sole_maker(path):
            found = _up_to_date(path, origin)
            if found is None:
                pack_into(path, origin)
    return found or open_pack(path)


def pack_into(path: Path, origin: Origin) -> None:
    """Decode all images and write the packed file; it is there when it is whole.

    Raises:
        InputError: too few classes or images, or a split of which no image can be used.
        StorageError: the file cannot be written; nothing of it is left.
    """
    collection = origin.read()
    check_classes(collection)
    _LOGGER.info("Packing %d images into %s", len(collection.labels), path)
    with unfinished(path, ".spool") as spool, unfinished(path, ".partial") as partial:
        try:
            with spool.open("wb") as file:
                decoded = _decode(collection, origin.side, file)
            images = _mapped(spool, len(decoded.rows), origin.side)
            write_pack(partial, _assemble(collection, decoded, origin, images))
            put_in_place(partial, path)
        except OSError as error:
            raise StorageError(f"cannot write the packed images {path}: {error}") from error


def _up_to_date(path: Path, origin: Origin) -> Pack | None:
    if not path.exists():
        return None
    found = open_pack(path)
    return found if found.head.made_from == origin.made_from else None


@dataclass
class _Decoded:
    """What is known of the images once they are decoded; their pixels are in the spool file."""

    rows: list[int] = field(default_factory=list)
    contents: list[bytes] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


def _decode(collection: Collection, side: int, spool: BinaryIO) -> _Decoded:
    """Append the square of each usable image to the spool file, in order."""
    decoded = _Decoded()
    total = len(collection.labels)
    with ThreadPoolExecutor() as pool:
        for start in range(0, total, _CHUNK):
            chunk = range(start, min(start + _CHUNK, total))
            few = [chunk[first : first + _AT_A_TIME] for first in range(0, len(chunk), _AT_A_TIME)]
            squares = pool.map(functools.partial(_squares, collection, side), few)
            for index, found in zip(chunk, chain.from_iterable(squares), strict=True):
                if isinstance(found, str):
                    name = collection.names[index]
                    decoded.left_out.append(LeftOut(name=name, reason=found))
                else:
                    spool.write(np.ascontiguousarray(found.pixels).data)
                    decoded.rows.append(index)
                    decoded.contents.append(found.content)
                    decoded.peaks += [] if found.peak is None else [found.peak]
    return decoded


@dataclass(frozen=True)
class _Square:
    """An image as it is stored, its content, and its largest value if it has 16 bits a channel."""

    pixels: Pixels
    content: bytes
    peak: int | None


def _squares(collection: Collection, side: int, indices: Iterable[int]) -> list[_Square | str]:
    return [_square(collection, side, index) for index in indices]


def _square(collection: Collection, side: int, index: int) -> _Square | str:
    """Return an image's square, or why it is left out."""
    try:
        image = collection.image(index)
    except UnusableImageError as error:
        return str(error)
    return _Square(to_square(image, side), content_hash(image), image.info.get(PEAK))


def _mapped(spool: Path, rows: int, side: int) -> Pixels:
    shape = (rows, side, side, 3)
    if not rows:
        return np.empty(shape, np.uint8)
    return np.memmap(spool, np.uint8, "r", shape=shape)


def _assemble(collection: Collection, decoded: _Decoded, origin: Origin, images: Pixels) -> Pack:
    columns = Columns(
        images=images,
        labels=collection.labels[decoded.rows],
        brought=collection.brought[decoded.rows],
        contents=np.array(decoded.contents, "S32"),
        names=pa.array([collection.names[row] for row in decoded.rows], pa.string()),
    )
    head = Head(
        class_names=collection.class_names,
        side=origin.side,
        remarks=(*collection.notes, *say_ranges(decoded.peaks, origin.sixteen_bit_max)),
        left_out=tuple(decoded.left_out),
        origin=origin.named,
        made_from=origin.made_from,
        digest=columns.digest(collection.class_names),
        sixteen_bit_max=origin.sixteen_bit_max,
    )
    made = Pack(head, columns)
    _check_splits(collection, made)
    check_classes(made)
    return made


def _check_splits(collection: Collection, made: Pack) -> None:
    """Raise InputError if the source brings a split whose images are all left out."""
    for split in SplitName:
        if (collection.brought == split).any() and not (made.brought == split).any():
            why = "".join(f"\n  {note}" for note in made.notes[:5])
            raise InputError(f"no usable image for {split.folder}{why}")
