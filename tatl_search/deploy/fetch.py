"""A sweep's folder copied from a cluster's storage: rows first, then networks, each one checked.

What was copied is not copied again. Until all rows are here the folder is no sweep, so that a
front is never that of half of them.
"""

import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from tatl_search.adaptation.sharing import METRICS
from tatl_search.adaptation.stages import StageStore
from tatl_search.deploy.ship import unpruned_of
from tatl_search.deploy.source import File, Source
from tatl_search.errors import InputError
from tatl_search.files import storage_errors, write_durably
from tatl_search.manifest import FILE_NAME, SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.results.front import front_of
from tatl_search.results.store import load_sweep
from tatl_search.tracking.merging import Merger
from tatl_search.tracking.naming import is_merged
from tatl_search.tracking.reading import read_records

UNFINISHED = ".fetching.yaml"
"""What `sweep.yaml` is called until all rows are here."""

LEFT = ("ray", "stages")
"""Folders that are not copied as they are: Tune's own files, and networks, which are checked."""

AT_ONCE = 8
ADVICE = "What was copied is kept; make room and fetch again."


@dataclass(frozen=True)
class Fetched:
    """What was brought home.

    Attributes:
        copied: files.
        kept: files that were here already.
        size_bytes: of the copied ones.
        damaged: keys of networks that do not match their checksums, and are not here.
    """

    copied: int = 0
    kept: int = 0
    size_bytes: int = 0
    damaged: tuple[str, ...] = ()


def fetch_sweep(
    source: Source, folder: Path, front_only: bool, hear: Callable[[str], None]
) -> Fetched:
    """Bring a sweep's folder here; only what is missing or has changed is copied.

    Args:
        source: the sweep's folder, wherever it lies.
        folder: where it goes: a new folder, or one that holds the same sweep.
        front_only: leave out stored networks that are neither on the front, nor finished, nor
            the unpruned one that an export is compared with.
        hear: told what is being copied, for people.

    Raises:
        InputError: there is no sweep, or the folder holds something else.
        StorageError: the source cannot be read, or the folder cannot be written.
    """
    manifest = source.read(FILE_NAME)
    if manifest is None:
        raise InputError(f"{source} is no sweep: it holds no {FILE_NAME}")
    _check_goal(source, folder, manifest)
    with storage_errors(folder, ADVICE):
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / FILE_NAME).exists():
            write_durably(folder / UNFINISHED, manifest)
        rows = _rows(source)
        _check_journal(source, folder, rows)
        hear(f"rows: {len(rows)} files")
        log = SweepFolder(folder).test_log
        opened = _lines(log)
        fetched = _copy_rows(source, rows, folder)
        _keep(opened, log)
        write_durably(folder / FILE_NAME, manifest)
        (folder / UNFINISHED).unlink(missing_ok=True)
        return _stages(source, folder, front_only, hear, fetched)


def _check_goal(source: Source, folder: Path, manifest: bytes) -> None:
    """Raise InputError unless a folder is free or holds what was fetched of this sweep before."""
    if source.root == str(folder.resolve()):
        raise InputError(f"{folder} is the sweep itself; name another folder to copy it to")
    if not folder.exists() or (folder.is_dir() and not any(folder.iterdir())):
        return
    known = next((p for n in (FILE_NAME, UNFINISHED) if (p := folder / n).is_file()), None)
    if known is None or _identity(known.read_bytes()) != _identity(manifest):
        raise InputError(f"{folder} holds something else than {source}; name another folder")


def _identity(manifest: bytes) -> tuple[object, object]:
    try:
        raw = yaml.safe_load(manifest)
        return raw["name"], raw["created_at"]
    except (yaml.YAMLError, KeyError, TypeError, UnicodeDecodeError):
        raise InputError(f"{FILE_NAME} of the sweep is damaged") from None


def _rows(source: Source) -> list[File]:
    """Return everything but networks, locks, the manifest and what is half-written."""
    files, folders = source.entries()
    for folder in folders:
        if folder not in LEFT:
            files.extend(source.files(folder))
    return [file for file in files if file.name not in (FILE_NAME, "lock") and _is_whole(file)]


def _check_journal(source: Source, folder: Path, rows: Sequence[File]) -> None:
    """Raise InputError where the sweep went on here: an older journal would take its place."""
    own = SweepFolder(folder).journal
    theirs = next((file.size_bytes for file in rows if file.name == own.name), 0)
    if own.is_file() and own.stat().st_size > theirs:
        raise InputError(
            f"{folder} went on after it was fetched: its {own.name} is longer than that of"
            f" {source}; name another folder"
        )


def _lines(file: Path) -> list[str]:
    return file.read_text(encoding="utf-8").splitlines() if file.is_file() else []


def _keep(lines: Sequence[str], file: Path) -> None:
    """Put lines that are not in a file at its end: the test split was opened here, too."""
    there = _lines(file)
    missing = [line for line in lines if line not in there]
    if missing:
        write_durably(file, "".join(f"{line}\n" for line in (*there, *missing)).encode())


def _is_whole(file: File) -> bool:
    name = _last_part(file)
    return not name.startswith(".") and not name.endswith(".lock")


def _last_part(file: File) -> str:
    return file.name.rpartition("/")[2]


def _copy(source: Source, files: Sequence[File], folder: Path) -> Fetched:
    def one(file: File) -> tuple[bool, int]:
        try:
            return source.copy(file, folder / file.name), file.size_bytes
        except FileNotFoundError:  # a running sweep may clear up
            return False, 0

    with ThreadPoolExecutor(AT_ONCE) as pool:
        sizes = [size for copied, size in pool.map(one, files) if copied]
    return Fetched(len(sizes), len(files) - len(sizes), sum(sizes))


def _copy_rows(source: Source, rows: Sequence[File], folder: Path) -> Fetched:
    """Copy rows, and those that a running sweep merges meanwhile; here each then lies once."""
    fetched, seen = _copy(source, rows, folder), {file.name for file in rows}
    more = True
    while more:
        new = [file for file in _rows(source) if file.name not in seen]
        fetched = _plus(fetched, _copy(source, new, folder))
        seen.update(file.name for file in new)
        more = any(is_merged(_last_part(file)) for file in new)
    with suppress(InputError):  # a newer version's, to be read by it
        Merger(SweepFolder(folder)).clear_up()
    return fetched


def _stages(
    source: Source, folder: Path, front_only: bool, hear: Callable[[str], None], before: Fetched
) -> Fetched:
    """Copy stored networks, one after the other."""
    wanted = _front_keys(folder) if front_only else None
    keys = [path.rpartition("/")[2] for path in source.entries("stages")[1]]
    keys = [k for k in keys if not k.startswith(".") and (wanted is None or k in wanted)]
    fetched = before
    for count, key in enumerate(keys, start=1):
        hear(f"networks: {count} of {len(keys)}")
        fetched = _plus(fetched, _stage(source, folder, key))
    return fetched


def _front_keys(folder: Path) -> set[str]:
    """Return the networks of the front, those an export compares them with, and finished ones."""
    results = load_sweep(folder)
    members = front_of(results).members()
    unpruned = [unpruned_of(results, row) for row in members]
    finished = read_records(SweepFolder(folder).finished, CandidateRecord)
    return {row.stage for row in (*members, *unpruned, *finished)}


def _stage(source: Source, folder: Path, key: str) -> Fetched:
    """Copy one network, twice if its checksums do not hold; remove it if they still do not."""
    goal = SweepFolder(folder).stages / key
    store = StageStore(goal.parent)
    fetched = Fetched()
    for _ in range(2):
        files = [file for file in source.files(f"stages/{key}") if _is_whole(file)]
        files.sort(key=lambda file: file.name.endswith(f"/{METRICS}"))
        network = _copy(source, files[:-1], folder)
        fetched = _plus(_plus(fetched, network), _copy(source, files[-1:], folder))
        if store.get(key) or store.is_evicted(key):
            return fetched
        with suppress(FileNotFoundError):
            shutil.rmtree(goal)
    return replace(fetched, damaged=(key,)) if files else fetched


def _plus(one: Fetched, other: Fetched) -> Fetched:
    return Fetched(
        one.copied + other.copied,
        one.kept + other.kept,
        one.size_bytes + other.size_bytes,
        one.damaged + other.damaged,
    )
