"""A tree of folders as people keep it: each real folder once, without what systems put there."""

import os
from collections import Counter
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tatl_search.data.names import readable
from tatl_search.errors import InputError

_OF_SYSTEMS = frozenset(
    {
        # Synology, QNAP
        "@eadir", "#recycle", "#snapshot", "@recycle", "@recently-snapshot",
        # Windows
        "$recycle.bin", "system volume information", "thumbs.db", "ehthumbs.db",
        "ehthumbs_vista.db", "desktop.ini",
        # macOS
        "__macosx", "icon\r", "network trash folder", "temporary items",
        # Linux, Python
        "lost+found", "__pycache__",
    }
)  # fmt: skip
"""Names, without capitals, of what NAS and desktop systems put beside people's files."""

_PREFIXES = ("._", "~$")
"""Of macOS's and Office's companions of files: each has the name of its file."""

_MOST_NAMED = 8


@dataclass
class _Folder:
    """A folder that was looked into.

    Attributes:
        files: in it, sorted by name.
        below: its folders, sorted by name; those that are left out stay empty.
    """

    files: list[Path] = field(default_factory=list)
    below: list["_Folder"] = field(default_factory=list)

    def all_files(self) -> Iterator[Path]:
        """Return the files in it, then those of each folder below."""
        yield from self.files
        for folder in self.below:
            yield from folder.all_files()


@dataclass(frozen=True)
class _Link:
    """A link to a folder.

    Attributes:
        path: of the link.
        folder: it is in.
        into: what becomes of it.
    """

    path: Path
    folder: Path
    into: _Folder


class Tree:
    """The folders below a root. Links are followed, but no folder is read under two names."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._read: dict[str, Path] = {os.path.realpath(root): root}
        self._counted: set[Path] = set()
        self._of_systems: Counter[str] = Counter()
        self._elsewhere: list[str] = []

    def folders(self, folder: Path) -> list[Path]:
        """Return the folders in a folder, by name, without those of systems.

        Raises:
            InputError: it cannot be read.
        """
        return [Path(entry) for entry in self._entries(folder) if _is_folder(entry)]

    def files(self, folder: Path, endings: Container[str]) -> list[Path]:
        """Return the files in a folder itself whose names have one of these endings.

        A link that leads nowhere is one, whatever it is called: nobody knows what it was.

        Raises:
            InputError: it cannot be read.
        """
        return [
            path
            for entry in self._entries(folder)
            if not _is_folder(entry)
            and ((path := Path(entry)).suffix.lower() in endings or not path.exists())
        ]

    def claim(self, folder: Path) -> None:
        """Take note that a folder is read under this name.

        Raises:
            InputError: it is read under another name: one of them is a link.
        """
        real = os.path.realpath(folder)
        if real in self._read:
            raise InputError(
                f"{folder} and {self._read[real]} are the same folder: its images would have two"
                " labels, or serve two splits. Remove the link."
            )
        self._read[real] = folder

    def files_below(self, folders: Sequence[Path]) -> list[list[Path]]:
        """Return the files below each of some claimed folders.

        Whatever their order, an image counts where it lies, and not where a link leads to it.

        Raises:
            InputError: a folder cannot be read.
        """
        links: list[_Link] = []
        found = [_Folder() for _ in folders]
        for folder, into in zip(folders, found, strict=True):
            self._look_into(folder, os.path.realpath(folder), into, links)
        for link in links:  # which grows as links lead to links
            self._follow(link, links)
        return [list(into.all_files()) for into in found]

    @property
    def notes(self) -> tuple[str, ...]:
        """What was left out, for people; each kind is named once."""
        notes = []
        if self._of_systems:
            kinds = [f"{readable(kind)} ({n})" for kind, n in self._of_systems.most_common()]
            notes.append(f"left out as hidden or a system's own: {named(kinds)}")
        if self._elsewhere:
            notes.append(
                f"folders left out, since they are read under another name:"
                f" {named(self._elsewhere)}"
            )
        return tuple(notes)

    def _entries(self, folder: Path) -> list["os.DirEntry[str]"]:
        """Return people's own entries of a folder, sorted the same way on every machine."""
        try:
            with os.scandir(folder) as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            raise InputError(f"{folder} cannot be read: {error.strerror}") from error
        if folder not in self._counted:
            self._counted.add(folder)
            self._of_systems.update(_kind(e.name) for e in found if _is_of_a_system(e.name))
        return [entry for entry in found if not _is_of_a_system(entry.name)]

    def _look_into(self, folder: Path, real: str, into: _Folder, links: list[_Link]) -> None:
        for entry in self._entries(folder):
            path = Path(entry)
            if not _is_folder(entry):
                into.files.append(path)
                continue
            into.below.append(_Folder())
            if entry.is_symlink():
                links.append(_Link(path, folder, into.below[-1]))
            else:
                self._read_once(path, os.path.join(real, entry.name), into.below[-1], links)

    def _follow(self, link: _Link, links: list[_Link]) -> None:
        real = os.path.realpath(link.path)
        around = (Path(os.path.realpath(link.folder)), self._root)
        if any(Path(real) in place.parents for place in around):
            self._leave_out(link.path)
        else:
            self._read_once(link.path, real, link.into, links)

    def _read_once(self, path: Path, real: str, into: _Folder, links: list[_Link]) -> None:
        if real in self._read:
            self._leave_out(path)
        else:
            self._read[real] = path
            self._look_into(path, real, into, links)

    def _leave_out(self, path: Path) -> None:
        self._elsewhere.append(readable(os.path.relpath(path, self._root)))


def named(names: Sequence[str]) -> str:
    """Return names as part of a line: the first ones, and how many more there are."""
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _is_folder(entry: "os.DirEntry[str]") -> bool:
    try:
        return entry.is_dir()
    except OSError:  # of a link to itself
        return False


def _is_of_a_system(name: str) -> bool:
    return name.startswith((".", *_PREFIXES)) or name.casefold() in _OF_SYSTEMS


def _kind(name: str) -> str:
    for prefix in _PREFIXES:
        if name.startswith(prefix):
            return f"{prefix}*"
    return name
