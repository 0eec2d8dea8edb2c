"""What each setting has a say in, declared once: where the setting itself is."""

from collections.abc import Mapping, Sequence
from enum import Flag, auto
from typing import Any

from pydantic.fields import FieldInfo

from tatl_search.config.base import Settings, section_of


class Decides(Flag):
    """What a setting has a say in.

    It stands in the annotation of a field, `Annotated[TrainingSettings, Decides.TRAINING]`, and
    holds for all settings inside; a field inside that has a mark of its own has that one alone.

    Attributes:
        IMAGES: which images are used, and at which size.
        NETWORK: the network before anything is trained.
        ROOT: the first fine-tuning, besides images and network.
        TRAINING: how a piece of training runs.
        METHOD: what chooses the filters, and what that needs.
        ENDING: when an adaptation ends.
    """

    IMAGES = auto()
    NETWORK = auto()
    ROOT = auto()
    TRAINING = auto()
    METHOD = auto()
    ENDING = auto()


NOTHING = Decides(0)


def decided_by(model: type[Settings], path: Sequence[str]) -> Decides:
    """Return what the setting at a path below a model has a say in.

    Args:
        model: settings.
        path: keys, from the outermost section inwards; what no model describes, such as the
            options of a plug-in, belongs to the section around it.
    """
    found = NOTHING
    inside: type[Settings] | None = model
    for key in path:
        field = inside.model_fields.get(key) if inside else None
        if inside is None or field is None:
            break
        found = _mark(field, found)
        inside = section_of(inside, key)
    return found


def deciding(settings: Settings, what: Decides) -> dict[str, Any]:
    """Return the settings that have a say in something, as far as they differ from their defaults.

    A new setting whose default changes nothing therefore changes nothing here either.

    Returns:
        Plain values, in sections.
    """
    return _chosen(type(settings), settings.differing(), what, NOTHING)


def _chosen(
    model: type[Settings], given: Mapping[str, Any], what: Decides, around: Decides
) -> dict[str, Any]:
    chosen: dict[str, Any] = {}
    for key, value in given.items():
        field = model.model_fields.get(key)
        mark = _mark(field, around) if field else around
        inside = section_of(model, key) if field else None
        if field and inside and isinstance(value, dict):
            part = _chosen(inside, value, what, mark)
            is_told = field.default is None and bool(mark & what)  # that it is there at all
            if part or is_told:
                chosen[key] = part
        elif mark & what:
            chosen[key] = value
    return chosen


def _mark(field: FieldInfo, around: Decides) -> Decides:
    return next((mark for mark in field.metadata if isinstance(mark, Decides)), around)
