"""Names of classes, splits and files: which are the same, and which only look so."""

import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable

from tatl_search.data.collection import SplitName
from tatl_search.printable import printable

_SPLIT_WORDS = {
    SplitName.TRAIN: ("train", "training", "trainset"),
    SplitName.VAL: ("val", "valid", "validation", "valset", "dev", "devset"),
    SplitName.TEST: ("test", "testing", "testset"),
}
_SPLITS = {word: split for split, words in _SPLIT_WORDS.items() for word in words}
_FILLERS = frozenset({"data", "dataset", "image", "images", "img", "imgs", "seg", "set", "split"})
"""Words that may stand beside a split's: `seg_train`, `training_set`, `Test Images`."""


def readable(name: str) -> str:
    """Return a file name that can be printed and stored, whatever bytes it is made of."""
    return printable(os.fsencode(name).decode("utf-8", "backslashreplace"))


def one_form(name: str) -> str:
    """Return a name in Unicode's composed form (NFC): what looks the same is the same text.

    What would move a terminal's cursor or colours is written out, since names stand everywhere.
    """
    return printable(unicodedata.normalize("NFC", name))


def split_named(name: str) -> SplitName | None:
    """Return the split that a folder or a table's value names; null where it names none.

    Capitals do not matter, nor do words such as `set` or `images` beside it.

    Example:
        >>> split_named("seg_train").folder, split_named("Validation").folder, split_named("tram")
        ('train', 'val', None)
    """
    words = [word for word in re.split(r"[\s_.-]+", name.casefold()) if word]
    telling = [word for word in words if word not in _FILLERS]
    return _SPLITS.get(telling[0]) if len(telling) == 1 else None


def look_alikes(names: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the names that differ only in capitals or in the blanks around or within them."""
    alike = defaultdict(list)
    for name in names:
        alike[plain(name)].append(name)
    return [tuple(group) for group in alike.values() if len(group) > 1]


def plain(name: str) -> str:
    """Return a name without what people overlook: capitals, and how many blanks there are."""
    return " ".join(one_form(one_form(name).casefold()).split())
