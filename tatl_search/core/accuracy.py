"""An accuracy and how far it can be trusted."""

from dataclasses import dataclass

from tatl_search.core.confidence import wilson_interval


@dataclass(frozen=True)
class Accuracy:
    """A measured accuracy.

    Attributes:
        accuracy: share of the images classified correctly.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        images: number of images.
    """

    accuracy: float
    low: float
    high: float
    images: int

    @classmethod
    def measured(cls, accuracy: float, images: int) -> "Accuracy":
        """Return the accuracy with its interval."""
        low, high = wilson_interval(accuracy, images)
        return cls(accuracy=accuracy, low=low, high=high, images=images)

    def __str__(self) -> str:
        return f"{self.accuracy:.4f} (95 % interval {self.low:.4f} to {self.high:.4f})"
