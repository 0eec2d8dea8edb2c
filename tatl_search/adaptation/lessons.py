"""Whose labelled images a network learns: the target's, or the source's where it has none."""

from dataclasses import dataclass

from torch import Tensor

from tatl_search.config import AdaptationConfig, DataSettings
from tatl_search.data.class_weights import balanced_weights
from tatl_search.data.target import Split, TargetData
from tatl_search.errors import InputError

NAMES_SHOWN = 3


@dataclass(frozen=True, eq=False)
class Lessons:
    """The images and labels that all training goes through.

    Attributes:
        train: the images.
        settings: where they came from and how they vary.
        fingerprint: of the data they are part of.
        classes: number of classes.
    """

    train: Split
    settings: DataSettings
    fingerprint: str
    classes: int

    def class_weights(self) -> Tensor | None:
        """Return (classes,) by what each class's loss is multiplied; null for 1 throughout."""
        if self.settings.class_weights == "none":
            return None
        return balanced_weights(self.train.labels, self.classes)


def lessons(config: AdaptationConfig, target: TargetData, source: TargetData | None) -> Lessons:
    """Return what the network learns.

    Raises:
        InputError: it should learn the source's images, but there are none, or their classes are
            not the target's.
    """
    taught = config.training_data
    if not config.trains_on_source:
        return Lessons(target.train, taught, target.fingerprint, len(target.class_names))
    if source is None:
        raise InputError("train_on: source needs the section 'source', which is missing")
    if source.class_names != target.class_names:
        raise InputError(
            "train_on: source needs a source with the target's classes in the same order;"
            f" {_difference(target.class_names, source.class_names)}"
        )
    return Lessons(source.train, taught, source.fingerprint, len(source.class_names))


def _difference(target: tuple[str, ...], source: tuple[str, ...]) -> str:
    """Say which class names only one of the two has."""
    owners = (("target", target, source), ("source", source, target))
    parts = []
    for owner, own, other in owners:
        alone = [name for name in own if name not in other]
        if alone:
            more = f" and {len(alone) - NAMES_SHOWN} more" if len(alone) > NAMES_SHOWN else ""
            parts.append(f"only the {owner} has {', '.join(alone[:NAMES_SHOWN])}{more}")
    return "; ".join(parts) or "theirs are in another order"
