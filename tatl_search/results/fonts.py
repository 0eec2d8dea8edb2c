"""Fonts for names in any script, chosen among those that are installed."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from matplotlib.font_manager import FontEntry, fontManager
from matplotlib.ft2font import FT2Font

DEFAULT = "DejaVu Sans"
"""Comes with matplotlib."""

_BOXES = "Last Resort"
"""A family with a glyph for every character, all of them boxes."""


def fonts_for(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the families that hold the glyphs of some texts, the default first.

    Returns:
        Names of families, in the order in which glyphs are to be looked for; nothing where the
        installed ones do not hold all, or where letters would stand in a wrong order or form.
    """
    letters = {letter for text in texts for letter in text if letter.isprintable()}
    if any(map(_is_shaped, letters)):
        return ()
    families, missing = [DEFAULT], {ord(letter) for letter in letters if letter != " "}
    for entry in (entry for entry in _entries() if missing):
        here = missing & _glyphs(entry.fname)
        if here and entry.name not in families:
            families.append(entry.name)
        missing -= here
    return () if missing else tuple(families)


def _is_shaped(letter: str) -> bool:
    """Whether a letter is written from the right, or changes its form and place among others."""
    return unicodedata.bidirectional(letter) in ("R", "AL") or unicodedata.category(letter) == "Mc"


@lru_cache(maxsize=1)
def _entries() -> tuple[FontEntry, ...]:
    """Return the upright fonts of normal weight, the default first."""
    plain = [
        entry
        for entry in fontManager.ttflist
        if entry.style == "normal"
        and entry.weight in (400, "normal", "regular")
        and not entry.name.startswith(_BOXES)
    ]
    return tuple(sorted(plain, key=lambda entry: (entry.name != DEFAULT, entry.name, entry.fname)))


@lru_cache
def _glyphs(path: str) -> frozenset[int]:
    try:
        return frozenset(FT2Font(path).get_charmap())
    except (OSError, RuntimeError):  # a font that is damaged has none
        return frozenset()
