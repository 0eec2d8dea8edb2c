"""The text files in which official sets list their images: lines that know where they stand."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tatl_search.data.collection import SplitName
from tatl_search.data.names import one_form
from tatl_search.errors import InputError


@dataclass(frozen=True)
class Line:
    """One line of a listing.

    Attributes:
        file: the listing.
        number: counted from 1.
        text: without the blanks around it.
    """

    file: Path
    number: int
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.file}, line {self.number}"

    def fault(self, what: str) -> InputError:
        """Return the error that says what is wrong with this line."""
        return InputError(f"{self.place}: {what} (got '{self.text}')")


class Listed:
    """The images seen so far, each with the split it went to and where that is said."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[SplitName, str]] = {}

    def add(self, image: str, split: SplitName, place: str) -> None:
        """Take note of an image.

        Raises:
            InputError: it was listed before; in another split it would be trained and tested on.
        """
        if image in self._seen:
            earlier, where = self._seen[image]
            both = f"in both {earlier.folder} and {split.folder}"
            twice = both if earlier != split else f"twice in {split.folder}"
            raise InputError(f"{image} is listed {twice}: {where}; {place}")
        self._seen[image] = (split, place)


def read_lines(file: Path, layout: str) -> list[Line]:
    """Return the lines that are not blank.

    Args:
        file: the listing, in UTF-8.
        layout: what the set's folder holds, for the error.

    Raises:
        InputError: missing, unreadable, no text, or blank throughout.
    """
    require_file(file, layout)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{file} cannot be read: {error}") from error
    lines = [Line(file, number, line.strip()) for number, line in enumerate(text.split("\n"), 1)]
    found = [line for line in lines if line.text]
    if not found:
        raise InputError(f"{file} is empty")
    return found


def read_table(file: Path, layout: str) -> dict[int, tuple[str, Line]]:
    """Return a listing of lines `<id> <rest>` as id -> (rest, its line).

    Raises:
        InputError: as `read_lines`, or a line has no number, nothing after it, or a known number.
    """
    table: dict[int, tuple[str, Line]] = {}
    for line in read_lines(file, layout):
        key, _, rest = line.text.partition(" ")
        if not key.isdecimal() or not rest.strip():
            raise line.fault("expected '<number> <value>'")
        if int(key) in table:
            raise line.fault(f"{key} stands already in line {table[int(key)][1].number}")
        table[int(key)] = (rest.strip(), line)
    return table


def require_same_ids(
    images: Mapping[int, tuple[str, Line]], others: Mapping[int, tuple[str, Line]], file: Path
) -> None:
    """Raise InputError unless a table says something of each image and of nothing else."""
    for key, (_, line) in images.items():
        if key not in others:
            raise line.fault(f"{file.name} has no line for image {key}")
    for key, (_, line) in others.items():
        if key not in images:
            raise line.fault(f"there is no image {key}")


def require_file(file: Path, layout: str) -> None:
    """Raise InputError if a file of the set is missing."""
    if not file.is_file():
        raise InputError(f"{file} is missing. data.path has to hold {layout}.")


def require_folder(folder: Path, layout: str) -> None:
    """Raise InputError if a folder of the set is missing."""
    if not folder.is_dir():
        raise InputError(f"{folder}/ is missing. data.path has to hold {layout}.")


def spoken(name: str) -> str:
    """Return a class's name as people write it, blanks for underscores."""
    return one_form(name.replace("_", " ").strip())
