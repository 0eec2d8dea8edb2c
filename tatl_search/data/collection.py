"""What a source of images offers before anything is cut, packed or shuffled."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tatl_search.config import DataSettings
from tatl_search.data.target import Labels, Pixels
from tatl_search.errors import InputError


class SplitName(IntEnum):
    """The three splits, in the order in which they are stored."""

    TRAIN = 0
    VAL = 1
    TEST = 2

    @property
    def folder(self) -> str:
        """Name of the split's folder in a folder tree."""
        return self.name.lower()


@dataclass(frozen=True, eq=False)
class Collection:
    """All usable images of a source.

    Attributes:
        class_names: name of each label.
        labels: (N,) label of each image.
        brought: (N,) `SplitName` the source itself puts each image in; a split that the source
            does not bring has no image here and is cut from the training images.
        square: returns image i as (H, H, 3) RGB.
        notes: what people should know of the source.
    """

    class_names: tuple[str, ...]
    labels: Labels
    brought: npt.NDArray[np.int8]
    square: Callable[[int], Pixels]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where images come from, found but not read.

    Attributes:
        signature: changes when the images do; made without reading them.
        read: reads all images, each a square of the given side in pixels.
    """

    signature: str
    read: Callable[[int], Collection]


def source_folder(settings: DataSettings) -> Path:
    """Return the folder the settings name.

    Raises:
        InputError: no such folder.
    """
    path = Path(settings.path or "").expanduser()
    if not path.exists():
        raise InputError(f"data.path: {path} does not exist")
    if not path.is_dir():
        raise InputError(f"data.path: {path} is no folder; name the folder that holds the images")
    return path.resolve()
