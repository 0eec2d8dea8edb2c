"""A sweep's folder on this machine, and what of it lies behind a URI under the same names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from uuid import uuid4

from tatl_search.files import put_in_place
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.remote.patience import LIMIT_S, Patience
from tatl_search.remote.place import Place


class Mirror:
    """Sends a folder's files up and brings them down; the storage is waited for.

    Each method raises StorageError where the storage stays away for too long, OSError where this
    machine's own disk refuses a write, and InputError where the URI is none of a storage.
    """

    def __init__(
        self,
        root: Path,
        uri: str,
        alive: Callable[[], None] = lambda: None,
        limit_s: float = LIMIT_S,
    ) -> None:
        """Pair a folder with a URI.

        Args:
            root: the folder.
            uri: where its counterparts lie.
            alive: called again and again while the storage is waited for.
            limit_s: how long it may be away.
        """
        self._root = root
        self._place = Place(uri)
        self._patience = Patience(uri, SweepFolder(root).paused, alive, limit_s)

    @property
    def uri(self) -> str:
        """Where the folder's counterpart lies."""
        return self._place.uri

    def give_up(self) -> None:
        """Wait for the storage no longer: who waits gets a StorageError."""
        self._patience.give_up()

    def send(self, path: Path) -> None:
        """Store a file of the folder, in place of what was there; not one that has gone.

        Rows that were merged go from the folder: what they say is stored behind the URI already.
        """
        self._patience.insist(lambda: self._send(path))

    def settle(self, path: Path) -> None:
        """Store a file unless one of its size is there."""
        if self.size(path) != path.stat().st_size:
            self.send(path)

    def size(self, path: Path) -> int | None:
        """Return the bytes of a file's counterpart; null where it has none."""
        return self._patience.insist(lambda: self._place.size(self._name(path)))

    def bring(self, path: Path, into: Path | None = None) -> bool:
        """Bring a file down in one piece.

        Args:
            path: where it belongs in the folder.
            into: where it is written; null for where it belongs.

        Returns:
            Whether it was there.
        """
        return self._patience.insist(lambda: self._bring(self._name(path), into or path))

    def names(self, folder: Path) -> Mapping[Path, int]:
        """Return path -> bytes of all files whose counterparts lie under a folder's."""
        found = self._patience.insist(lambda: self._place.names(self._name(folder)))
        return {self._root / name: size for name, size in found.items()}

    def remove(self, path: Path) -> None:
        """Remove a file's counterpart."""
        self._patience.insist(lambda: self._place.remove(self._name(path)))

    def _name(self, path: Path) -> str:
        return path.relative_to(self._root).as_posix()

    def _send(self, path: Path) -> None:
        try:
            self._place.put(self._name(path), path)
        except FileNotFoundError:
            if path.exists():
                raise

    def _bring(self, name: str, path: Path) -> bool:
        if self._place.size(name) is None:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{uuid4().hex}.part")
        try:
            with part.open("wb") as file:
                self._place.get(name, file)
            put_in_place(part, path)
        finally:
            part.unlink(missing_ok=True)
        return True


def mirror_of(folder: SweepFolder, alive: Callable[[], None] = lambda: None) -> Mirror | None:
    """Return what ties a sweep's folder to its URI; null for a sweep that has none.

    Raises:
        InputError: what the folder says of itself is damaged.
    """
    uri = SweepManifest.read(folder.root).uri if folder.manifest.is_file() else None
    return None if uri is None else Mirror(folder.root, uri, alive)
