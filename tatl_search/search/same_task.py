"""Whether sweeps are about the same validation images, as far as their packed images tell."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from tatl_search.config import read_settings
from tatl_search.data.sources import target_at_hand
from tatl_search.errors import InputError
from tatl_search.results.store import SweepResults


@dataclass(frozen=True)
class Judges:
    """The validation images of a sweep.

    Attributes:
        labels: hash of the class names and of the images' labels in their order.
        pixels: the same of the images, as they are kept.
        side: of the kept images.
    """

    labels: str
    pixels: str
    side: int

    def same_as(self, other: "Judges") -> bool:
        """Whether they are the same images; at different sizes labels must tell."""
        return self.labels == other.labels and (
            self.side != other.side or self.pixels == other.pixels
        )


def check_same_task(sweeps: Sequence[SweepResults]) -> list[str]:
    """Return notes on sweeps whose validation images are not at hand.

    Raises:
        InputError: two sweeps have different validation images or classes.
    """
    found = [(results.folder.root, judges_of(results)) for results in sweeps]
    known = [(root, judges) for root, judges in found if judges is not None]
    for root, judges in known[1:]:
        first, judges_there = known[0]
        if not judges.same_as(judges_there):
            raise InputError(
                f"{first} and {root} are different tasks: their validation images or classes"
                " differ, so their accuracies cannot be compared"
            )
    missing = ", ".join(str(root) for root, judges in found if judges is None)
    if not missing:
        return []
    return [f"not checked, since its images are not at hand: that {missing} is the same task"]


def judges_of(results: SweepResults) -> Judges | None:
    """Return a sweep's validation images; null where they are not at hand."""
    settings = read_settings(results.candidates[0].settings).data
    target = target_at_hand(settings, results.folder.data)
    if target is None:
        return None
    pixels = target.val.images[target.val.rows]
    told = json.dumps([target.class_names, target.val.labels.tolist()])
    return Judges(
        labels=hashlib.sha256(told.encode()).hexdigest(),
        pixels=hashlib.sha256(pixels.tobytes()).hexdigest(),
        side=settings.stored_side,
    )
