"""What is wrong with a target task's images, listed before anything is trained on them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tatl_search.config import DataSettings
from tatl_search.data.collection import SplitName
from tatl_search.data.copies import Copies, find_copies
from tatl_search.data.packed import LeftOut, Pack
from tatl_search.data.splits import Indices, cut, remarks


@dataclass(frozen=True)
class Findings:
    """What people should know of a target task's images.

    Attributes:
        left_out: files that are not among the images.
        copies: images that occur more than once.
        remarks: what the source says of itself, imbalance, and classes that come short.
    """

    left_out: tuple[LeftOut, ...]
    copies: tuple[Copies, ...]
    remarks: tuple[str, ...]

    @property
    def leaking(self) -> tuple[Copies, ...]:
        """Images in several splits: accuracy on them is no measure of what was learned."""
        return tuple(found for found in self.copies if found.leak)

    @property
    def contradicting(self) -> tuple[Copies, ...]:
        """Images with several labels, of which one at most is right."""
        return tuple(found for found in self.copies if found.contradict)

    @property
    def repeated(self) -> tuple[Copies, ...]:
        """Images that occur more than once in one split, with one label."""
        return tuple(found for found in self.copies if not (found.leak or found.contradict))

    def to_dict(self) -> dict[str, Any]:
        """Return the findings as JSON values."""

        def listed(copies: tuple[Copies, ...]) -> list[list[dict[str, str]]]:
            return [[place.to_dict() for place in found.places] for found in copies]

        return {
            "left_out": [left.model_dump() for left in self.left_out],
            "in_several_splits": listed(self.leaking),
            "with_several_labels": listed(self.contradicting),
            "repeated": listed(self.repeated),
            "remarks": list(self.remarks),
        }


def examine(pack: Pack, settings: DataSettings) -> Findings:
    """Look for what is wrong with packed images, cut as the settings say.

    Raises:
        InputError: they are too few for their classes.
    """
    parts = cut(pack, settings)
    return Findings(
        left_out=pack.head.left_out,
        copies=find_copies(pack, parts),
        remarks=(*pack.head.remarks, *remarks(pack, parts, settings)),
    )


def stored_splits(pack: Pack) -> dict[SplitName, Indices]:
    """Return the rows of each split as the source brings them, before anything is cut."""
    return {split: np.flatnonzero(pack.brought == split) for split in SplitName}


def count_images(pack: Pack, parts: Mapping[SplitName, Indices]) -> dict[str, dict[SplitName, int]]:
    """Return class name -> split -> number of images."""
    counts = {
        split: np.bincount(pack.labels[rows], minlength=len(pack.class_names)).tolist()
        for split, rows in parts.items()
    }
    return {
        name: {split: counts[split][label] for split in parts}
        for label, name in enumerate(pack.class_names)
    }
