"""A look at images: all are listed, the heads of some are read, a few are decoded."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, Glance, SplitName
from tatl_search.data.fetching import open_named
from tatl_search.data.packed import Pack
from tatl_search.data.reading import UnusableImageError
from tatl_search.data.sources import PACKED, listed
from tatl_search.data.splits import Cuttable, check_classes, cut
from tatl_search.errors import InputError
from tatl_search.newcomer.facts import Facts

HEADS = 200
"""Images of which the head is read, spread evenly over all."""

DECODED = 8
"""Of those whose heads speak of colours, the images that are decoded to see whether they have."""


def look_at(settings: DataSettings) -> Facts:
    """Return what a target's images are like; nothing is packed.

    Args:
        settings: where they are and how they are cut. Their sizes do not matter.

    Raises:
        InputError: the source is missing or malformed, too small for its classes, or none of the
            images that were looked at can be used.
        StorageError: they cannot be read.
    """
    if settings.source == PACKED:
        pack = open_named(settings.path or "")
        return _facts(pack, settings, _seen_in_pack(pack), pack.head.side)
    found = listed(settings)
    check_classes(found)
    return _facts(found, settings, _seen(found))


@dataclass(frozen=True)
class _Seen:
    """What was seen of some images.

    Attributes:
        sides: shorter side of each, in pixels.
        is_grey: whether none has colours.
        unusable: those that cannot be used, and why.
    """

    sides: Sequence[int]
    is_grey: bool
    unusable: tuple[str, ...] = ()


def _facts(
    found: Cuttable, settings: DataSettings, seen: _Seen, fixed_side: int | None = None
) -> Facts:
    check_classes(found)
    named = " ".join(filter(None, (settings.source, settings.path)))
    if not seen.sides:
        why = "".join(f"\n  {reason}" for reason in seen.unusable[:5])
        raise InputError(f"{named}: none of the {len(seen.unusable)} images looked at is one{why}")
    parts = cut(found, settings)
    classes = len(found.class_names)
    sides = sorted(seen.sides)
    return Facts(
        source=named,
        class_names=tuple(found.class_names),
        train=tuple(np.bincount(found.labels[parts[SplitName.TRAIN]], minlength=classes).tolist()),
        val=len(parts[SplitName.VAL]),
        test=len(parts[SplitName.TEST]),
        brought=tuple(
            split.folder
            for split in (SplitName.VAL, SplitName.TEST)
            if (found.brought == split).any()
        ),
        short_sides=(sides[0], sides[len(sides) // 2], sides[-1]),
        is_grey=seen.is_grey,
        fixed_side=fixed_side,
        looked_at=len(sides) + len(seen.unusable),
        unusable=seen.unusable,
        notes=found.notes,
    )


def _seen_in_pack(pack: Pack) -> _Seen:
    few = pack.columns.images[_spread(len(pack), HEADS)]
    return _Seen([pack.head.side] * len(few), is_grey=bool((few == few[..., :1]).all()))


def _seen(found: Collection) -> _Seen:
    glances: dict[int, Glance] = {}
    unusable = []
    for index in _spread(len(found.labels), HEADS):
        try:
            glances[index] = _glance(found, index)
        except UnusableImageError as error:
            unusable.append(f"{found.names[index]} ({error})")
    sides = [glance.short_side for glance in glances.values()]
    coloured = [index for index, glance in glances.items() if not glance.is_grey]
    return _Seen(sides, _all_grey(found, coloured), tuple(unusable))


def _glance(found: Collection, index: int) -> Glance:
    if found.glance is not None:
        return found.glance(index)
    image = found.image(index)
    return Glance(min(image.size), _has_no_colours(image))


def _all_grey(found: Collection, coloured: Sequence[int]) -> bool:
    """Whether images that could have colours have none: grey ones are often stored so."""
    for place in _spread(len(coloured), DECODED):
        try:
            if not _has_no_colours(found.image(coloured[place])):
                return False
        except UnusableImageError:
            continue  # it is cut short, and says nothing
    return True


def _has_no_colours(image: Image.Image) -> bool:
    pixels = np.asarray(image.convert("RGB"))
    return bool((pixels == pixels[..., :1]).all())


def _spread(total: int, most: int) -> list[int]:
    """Return at most so many places, spread evenly."""
    return sorted({int(place) for place in np.linspace(0, total - 1, min(total, most))})
