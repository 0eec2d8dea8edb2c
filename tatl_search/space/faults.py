"""All faults of a file at once, each with where it stands and what is allowed."""

from collections.abc import Collection
from typing import Any, NoReturn

from tatl_search.errors import InputError
from tatl_search.registry import did_you_mean


class Faults:
    """What is wrong with a file, collected until everything was looked at.

    Args:
        what: the file, as the user named it.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._lines: list[str] = []

    def __len__(self) -> int:
        return len(self._lines)

    def add(self, place: str, name: str, text: str) -> None:
        """Note a fault: `file:line`, dotted path (empty for none), and what is wrong."""
        line = ": ".join(part for part in (place, name, text) if part)
        if line not in self._lines:
            self._lines.append(line)

    def add_unknown(self, place: str, name: str, key: Any, allowed: Collection[str]) -> None:
        """Note a key that means nothing here, and the ones that would."""
        guess = did_you_mean(key, allowed)
        self.add(place, name, f"unknown key{guess} (allowed: {', '.join(sorted(allowed))})")

    def stop(self, place: str, name: str, text: str) -> NoReturn:
        """Note a fault that leaves nothing else to look at.

        Raises:
            InputError: always, naming all faults so far.
        """
        self.add(place, name, text)
        raise self._error()

    def raise_if_any(self) -> None:
        """End the looking.

        Raises:
            InputError: there are faults; it names them all, one a line.
        """
        if self._lines:
            raise self._error()

    def _error(self) -> InputError:
        count = "1 fault" if len(self) == 1 else f"{len(self)} faults"
        return InputError("\n  ".join((f"{count} in {self._what}:", *self._lines)))
