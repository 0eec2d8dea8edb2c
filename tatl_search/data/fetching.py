"""Packed files named by a path or a URI; those elsewhere are fetched once per node."""

import hashlib
import logging
import shutil
from pathlib import Path
from typing import Any

import pyarrow as pa

from tatl_search.config import DataSettings
from tatl_search.data.collection import source_path
from tatl_search.data.once import sole_maker, unfinished
from tatl_search.data.packed import SUFFIX, Pack, open_pack
from tatl_search.errors import InputError, StorageError
from tatl_search.files import cache_folder, put_in_place
from tatl_search.paths import filled_in, user_path
from tatl_search.remote.uri import is_uri, refuse_credentials

BUFFER = 1 << 20

_LOGGER = logging.getLogger(__name__)


def find_pack(settings: DataSettings) -> Pack:
    """Return the packed file the settings name: a local one in place, another one fetched.

    Raises:
        InputError: no such file, or its images are of another size or range than the settings
            ask for.
        StorageError: it is damaged, or cannot be fetched or kept.
    """
    path = settings.path or ""
    pack = open_named(path) if is_uri(path) else open_pack(source_path(settings))
    if pack.head.side != settings.stored_side:
        raise InputError(
            f"data.path: {path} holds images of side {pack.head.side}, but the settings ask for"
            f" {settings.stored_side}: {_way_to(settings, pack.head.side)}, or pack the images"
            f" again at {settings.stored_side}"
        )
    if settings.sixteen_bit_max not in (None, pack.head.sixteen_bit_max):
        raise InputError(
            f"data.sixteen_bit_max is {settings.sixteen_bit_max}, but {path} was packed with"
            f" {pack.head.sixteen_bit_max}: leave the setting out, or pack the images again"
        )
    return pack


def _way_to(settings: DataSettings, side: int) -> str:
    """Return which setting takes images of this side; smaller ones than the input serve none."""
    if side >= settings.image_size:
        return f"set data.storage_size={side}"
    return f"set data.image_size={side}"


def open_named(place: str) -> Pack:
    """Return the packed file at a path or URI.

    Raises:
        InputError: no such file.
        StorageError: it is damaged, or cannot be fetched or kept.
    """
    filled = filled_in(place, "the packed file")
    if is_uri(filled):
        return open_pack(fetched(filled))
    path = user_path(filled, "the packed file")
    if not path.exists():
        raise InputError(f"{place} does not exist")
    return open_pack(path)


def fetched(uri: str) -> Path:
    """Return this node's copy of a packed file, fetched if need be; one process fetches.

    A file that has changed at its place, in size or time, is fetched anew. What arrives is
    checked by its digest before anyone sees it.

    Raises:
        InputError: nothing is there, or the scheme is unknown.
        StorageError: it cannot be fetched or kept, or is not what its head says.
    """
    remote, inside, info = locate(uri)
    if not info.is_file:
        raise InputError(f"{uri} does not exist")
    known = hashlib.sha256(f"{uri}\0{info.size}\0{info.mtime_ns}".encode()).hexdigest()
    path = cache_folder() / f"{known[:32]}{SUFFIX}"
    if not path.exists():
        with sole_maker(path):
            if not path.exists():
                _LOGGER.info("Fetching %s into %s", uri, path)
                _fetch(remote, inside, uri, path)
    return path


def locate(uri: str) -> tuple[Any, str, Any]:
    """Return the file system of a URI, the path in it, and what is known of that file.

    Raises:
        InputError: the scheme is unknown, the URI malformed, or it holds credentials, which
            would be stored with the settings.
        StorageError: the file system does not answer.
    """
    refuse_credentials(uri)
    # Imported here: cloud libraries come along, and a trial with a local file needs none.
    from pyarrow import fs

    try:
        remote, inside = fs.FileSystem.from_uri(uri)
        return remote, inside, remote.get_file_info(inside)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise InputError(f"{uri} cannot be used: {error}") from error
    except OSError as error:
        raise StorageError(f"{uri} cannot be reached: {error}") from error


def verify(pack: Pack, place: str) -> None:
    """Raise StorageError if the content of a packed file is not what its head says."""
    found = pack.columns.digest(pack.head.class_names)
    if found != pack.head.digest:
        raise StorageError(
            f"{place} is damaged: its content has the digest {found}, its head says"
            f" {pack.head.digest}. Pack or copy it again."
        )


def _fetch(remote: Any, inside: str, uri: str, path: Path) -> None:
    with unfinished(path, ".partial") as partial:
        try:
            with remote.open_input_stream(inside) as source, partial.open("wb") as copy:
                shutil.copyfileobj(source, copy, BUFFER)
            verify(open_pack(partial), uri)
            put_in_place(partial, path)
        except OSError as error:
            raise StorageError(f"{uri} cannot be fetched into {path.parent}: {error}") from error
