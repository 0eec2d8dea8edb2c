"""Images that occur more than once, told by their content."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tatl_search.data.collection import SplitName
from tatl_search.data.packed import Pack
from tatl_search.data.splits import Indices


@dataclass(frozen=True)
class Place:
    """One occurrence of an image.

    Attributes:
        name: where it is, for people.
        label: name of its class.
        split: what it serves for; null for training images that `per_class` leaves aside.
    """

    name: str
    label: str
    split: SplitName | None

    def __str__(self) -> str:
        return f"{self._serves} {self.name}"

    def to_dict(self) -> dict[str, str]:
        """Return the place as JSON values."""
        return {"name": self.name, "class": self.label, "split": self._serves}

    @property
    def _serves(self) -> str:
        return "unused" if self.split is None else self.split.folder


@dataclass(frozen=True)
class Copies:
    """An image that occurs more than once.

    Attributes:
        places: all its occurrences, in the source's order.
    """

    places: tuple[Place, ...]

    @property
    def leak(self) -> bool:
        """Whether it occurs in several splits, so that what is learned by heart counts as known."""
        return len({place.split for place in self.places} - {None}) > 1

    @property
    def contradict(self) -> bool:
        """Whether it occurs with several labels."""
        return len({place.label for place in self.places}) > 1


def find_copies(pack: Pack, parts: Mapping[SplitName, Indices]) -> tuple[Copies, ...]:
    """Return every image that occurs more than once.

    Args:
        pack: the images.
        parts: the rows of each split.
    """
    split_of: dict[int, SplitName] = {}
    repeated = _repeated(pack.copies)
    rows = np.concatenate(repeated) if repeated else np.empty(0, np.int64)
    for split, indices in parts.items():
        split_of.update(dict.fromkeys(np.intersect1d(rows, indices).tolist(), split))
    return tuple(
        Copies(
            tuple(
                Place(pack.name(row), pack.class_names[pack.labels[row]], split_of.get(row))
                for row in group.tolist()
            )
        )
        for group in repeated
    )


def say_copies(found: Sequence[Copies]) -> tuple[str, ...]:
    """Return one line that tells people of copies; none where there are none."""
    if not found:
        return ()
    leaking, contradicting = sum(c.leak for c in found), sum(c.contradict for c in found)
    return (
        f"images that occur more than once: {len(found)}, in several splits: {leaking}, with"
        f" several labels: {contradicting}; tatl-search data check lists them",
    )


def _repeated(numbers: npt.NDArray[np.int64]) -> list[Indices]:
    """Return the rows of each number that occurs more than once."""
    counts = np.bincount(numbers)
    rows = np.flatnonzero(counts[numbers] > 1)
    rows = rows[np.argsort(numbers[rows], kind="stable")]
    ends = np.cumsum(counts[counts > 1]).tolist()
    groups = [rows[start:end] for start, end in pairwise([0, *ends])]
    return sorted(groups, key=lambda group: int(group[0]))
