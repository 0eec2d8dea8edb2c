"""Which classes a network takes for which."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tatl_search.core.accuracy import Accuracy


@dataclass(frozen=True)
class ClassResult:
    """How one class fares.

    Attributes:
        name: of the class.
        images: images of it.
        predicted: images taken for it.
        correct: images of it taken for it.
    """

    name: str
    images: int
    predicted: int
    correct: int

    @property
    def accuracy(self) -> Accuracy | None:
        """Share of its images that were taken for it (recall); null without images of it."""
        return Accuracy.measured(self.correct / self.images, self.images) if self.images else None

    @property
    def precision(self) -> Accuracy | None:
        """Share of the images taken for it that are of it; null where none was."""
        if not self.predicted:
            return None
        return Accuracy.measured(self.correct / self.predicted, self.predicted)


@dataclass(frozen=True)
class Mistake:
    """Images of one class taken for another."""

    true: str
    predicted: str
    images: int


@dataclass(frozen=True, eq=False)
class Confusion:
    """Counts of images by what they are and by what they were taken for.

    Attributes:
        class_names: C names, in the order of the logits.
        counts: (C, C), images of class [i] that were taken for class [j].
    """

    class_names: tuple[str, ...]
    counts: npt.NDArray[np.int64]

    @property
    def accuracy(self) -> Accuracy:
        """Share of all images classified correctly."""
        images = int(self.counts.sum())
        return Accuracy.measured(int(self.counts.trace()) / images, images)

    @property
    def classes(self) -> tuple[ClassResult, ...]:
        """How each class fares, in the order of the logits."""
        columns = self.counts.sum(axis=1), self.counts.sum(axis=0), self.counts.diagonal()
        figures = zip(*(column.tolist() for column in columns), strict=True)
        return tuple(
            ClassResult(name, *counted)
            for name, counted in zip(self.class_names, figures, strict=True)
        )

    @property
    def mistakes(self) -> tuple[Mistake, ...]:
        """Every pair of classes that was confused, the most frequent first."""
        wrong = self.counts - np.diag(self.counts.diagonal())
        pairs = sorted(np.argwhere(wrong).tolist(), key=lambda pair: -wrong[tuple(pair)])
        names = self.class_names
        return tuple(Mistake(names[i], names[j], int(wrong[i, j])) for i, j in pairs)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, from which the counts can be told."""
        return {
            "classes": [vars(found) for found in self.classes],
            "mistakes": [vars(found) for found in self.mistakes],
        }
