"""A source made of image files: what every layout on disk becomes."""

import hashlib
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tatl_search.data.collection import Collection, Glance, Source, SplitName
from tatl_search.data.images import glance_at, open_image
from tatl_search.data.names import readable
from tatl_search.data.reading import SIXTEEN_BITS

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class ImageFile:
    """One labelled file.

    Attributes:
        path: where it is.
        split: where the source puts it.
        label: index into the class names.
        box: left, top, right and lower edge in pixels of the part to keep; null keeps all.
    """

    path: Path
    split: SplitName
    label: int
    box: Box | None = None


def source_of_files(
    root: Path,
    class_names: Sequence[str],
    files: Sequence[ImageFile],
    notes: Sequence[str] = (),
    sixteen_bit_max: int = SIXTEEN_BITS,
) -> Source:
    """Return the source that lists these files, in this order.

    Args:
        root: folder below which they are; files are named by their path from it.
        class_names: name of each label.
        files: the files; none is opened yet, and none needs to exist or to be an image.
        notes: what people should know of the source.
        sixteen_bit_max: what is white in files with 16 bits a channel.
    """
    reader = partial(open_image, sixteen_bit_max=sixteen_bit_max)
    return Source(
        signature=_signature(root, class_names, files),
        read=partial(_list, root, tuple(class_names), tuple(files), tuple(notes), reader),
    )


def _list(
    root: Path,
    class_names: tuple[str, ...],
    files: tuple[ImageFile, ...],
    notes: tuple[str, ...],
    reader: Callable[[Path], Image.Image],
) -> Collection:
    def image(index: int) -> Image.Image:
        file = files[index]
        opened = reader(file.path)
        return opened.crop(file.box) if file.box else opened

    def glance(index: int) -> Glance:
        file = files[index]
        found = glance_at(file.path)
        if file.box is None:
            return found
        left, top, right, lower = file.box
        return Glance(min(right - left, lower - top), found.is_grey)

    return Collection(
        class_names=class_names,
        labels=np.array([file.label for file in files], dtype=np.int64),
        brought=np.array([file.split for file in files], dtype=np.int8),
        names=[readable(os.path.relpath(file.path, root)) for file in files],
        image=image,
        notes=notes,
        glance=glance,
    )


def _signature(root: Path, class_names: Sequence[str], files: Sequence[ImageFile]) -> str:
    """Return a hash over names, labels, splits, boxes, sizes and times of change of all files."""
    digest = hashlib.sha256(os.fsencode(root))
    for name in class_names:
        digest.update(f"\0{name}".encode())
    for file in files:
        digest.update(os.fsencode(file.path))
        digest.update(f"\0{file.split}\0{file.label}\0{file.box}".encode())
        digest.update(_size_and_time(file.path).encode())
    return digest.hexdigest()


def _size_and_time(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "\0unreadable\0"
    return f"\0{found.st_size}\0{found.st_mtime_ns}\0"
