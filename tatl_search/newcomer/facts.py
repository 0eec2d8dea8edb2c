"""What is known of a target's images before any of them is packed."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Facts:
    """What the images of a target task are like.

    Attributes:
        source: kind and path, for people.
        class_names: name of each label.
        train: training images of each class, after the cuts.
        val: validation images.
        test: test images.
        brought: splits that the source brings and that are not cut: `val`, `test`.
        short_sides: shorter side in pixels of the smallest, the median and the largest image.
        is_grey: whether none of those looked at has colours.
        fixed_side: side of images that are packed already; null for those that are not.
        looked_at: images of which the head was read.
        unusable: of these, which cannot be used, and why.
        notes: what else people should know, such as files that were left out.
    """

    source: str
    class_names: tuple[str, ...]
    train: tuple[int, ...]
    val: int
    test: int
    brought: tuple[str, ...]
    short_sides: tuple[int, int, int]
    is_grey: bool
    fixed_side: int | None = None
    looked_at: int = 0
    unusable: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def images(self) -> int:
        """Training images."""
        return sum(self.train)

    @property
    def median_side(self) -> int:
        """The shorter side of the median image, in pixels."""
        return self.short_sides[1]

    @property
    def imbalance(self) -> float:
        """How many times more training images the largest class has than the smallest."""
        return max(self.train) / min(self.train)
