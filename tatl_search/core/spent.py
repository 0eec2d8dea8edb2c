"""What is counted: images passed through a network."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Spent:
    """Images that a piece of work cost.

    Attributes:
        images_forward: passed forward only: statistics, batch-norm, teacher, evaluation.
        images_trained: passed forward and backward, whatever for.
    """

    images_forward: int = 0
    images_trained: int = 0

    def __add__(self, other: "Spent") -> "Spent":
        return Spent(
            self.images_forward + other.images_forward, self.images_trained + other.images_trained
        )


NOTHING = Spent()
