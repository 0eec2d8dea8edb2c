"""What a source of images offers before anything is decoded, cut, packed or shuffled."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.reading import SIXTEEN_BITS
from tatl_search.data.target import Labels
from tatl_search.errors import InputError
from tatl_search.paths import user_path


class SplitName(IntEnum):
    """The three splits, in the order in which they are stored."""

    TRAIN = 0
    VAL = 1
    TEST = 2

    @property
    def folder(self) -> str:
        """Name of the split's folder in a folder tree."""
        return self.name.lower()


@dataclass(frozen=True)
class Glance:
    """What an image is like, told without decoding its pixels.

    Attributes:
        short_side: of its sides the shorter one, in pixels.
        is_grey: whether its format holds no colours.
    """

    short_side: int
    is_grey: bool


@dataclass(frozen=True, eq=False)
class Collection:
    """All images of a source, listed; none is decoded yet.

    Attributes:
        class_names: name of each label.
        labels: (N,) label of each image.
        brought: (N,) `SplitName` the source itself puts each image in; a split that the source
            does not bring has no image here and is cut from the training images.
        names: where each image is, for people: a path below the source's folder, `train[17]`.
        image: opens image i, turned as its EXIF tells; raises `UnusableImageError`. Called from
            several threads at once.
        notes: what people should know of the source.
        glance: looks at image i without decoding it; raises what `image` raises. Null where that
            is no faster than to open it.
    """

    class_names: tuple[str, ...]
    labels: Labels
    brought: npt.NDArray[np.int8]
    names: Sequence[str]
    image: Callable[[int], Image.Image]
    notes: tuple[str, ...] = ()
    glance: Callable[[int], Glance] | None = None

    @property
    def copies(self) -> npt.NDArray[np.int64]:
        """(N,) number of each image's content: they all differ, as far as is known undecoded."""
        return np.arange(len(self.labels))


@dataclass(frozen=True)
class Source:
    """Where images come from, found but not read.

    Attributes:
        signature: changes when the images do; made without reading them.
        read: lists all images.
    """

    signature: str
    read: Callable[[], Collection]


def source_path(settings: DataSettings) -> Path:
    """Return the path the settings name, `~` and environment variables filled in.

    Raises:
        InputError: nothing is there, or an environment variable is not set.
    """
    path = _named(settings)
    if not path.exists():
        raise InputError(f"data.path: {path} does not exist")
    return path.resolve()


def _named(settings: DataSettings) -> Path:
    return user_path(settings.path or "", "data.path")


def source_folder(settings: DataSettings) -> Path:
    """Return the folder the settings name.

    Raises:
        InputError: no such folder.
    """
    path = source_path(settings)
    if not path.is_dir():
        raise InputError(f"data.path: {path} is no folder; name the folder that holds the images")
    return path


def white_of(settings: DataSettings) -> int:
    """Return the value that is white in images with 16 bits a channel that are not packed yet."""
    return settings.sixteen_bit_max or SIXTEEN_BITS


def folder_to_fill(settings: DataSettings) -> Path:
    """Return the folder the settings name for a download, made where it is missing.

    Raises:
        InputError: it cannot be made, or an environment variable is not set.
    """
    path = _named(settings)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"data.path: {path} cannot be made: {error.strerror}") from error
    return path.resolve()
