"""A sweep from its first check to its last row: launch it, or go on with one."""

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock, Timeout

from tatl_search.errors import InputError, StorageError
from tatl_search.files import storage_errors, write_durably
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.search.cluster import check_resources, cluster, node_cpus
from tatl_search.search.driver import Driver, SweepEnd, latency_key
from tatl_search.search.environment import describe_environment
from tatl_search.search.preflight import check_networks, reference_costs
from tatl_search.search.progress import Listener
from tatl_search.search.variants import shared_roots
from tatl_search.space import SearchSpace


def launch(
    space: SearchSpace, folder: Path, listener: Listener, address: str | None = None
) -> SweepEnd:
    """Check everything, then run a new sweep in a new folder.

    Args:
        space: what to search.
        folder: the sweep's folder, which must not exist; its name is the sweep's.
        listener: hears how the sweep gets on.
        address: of a running Ray cluster; null uses this machine.

    Raises:
        InputError: the space, the data, the network or the folder cannot be used; nothing of
            the sweep is left behind.
        StorageError: the storage refused a write; the sweep can be resumed.
        RunError: Ray failed; the sweep can be resumed.
    """
    with cluster(address):
        check_resources(space.sweep)
        with _new_folder(folder), storage_errors(folder):
            _prepare(space, SweepFolder(folder))
        return _drive(SweepFolder(folder), listener)


def resume(folder: Path, listener: Listener, address: str | None = None) -> SweepEnd:
    """Go on with a sweep that was interrupted, losing and doubling nothing.

    Raises:
        InputError: the folder is no sweep, or a newer version wrote it.
        StorageError: the storage refused a write.
        RunError: Ray failed.
    """
    SweepManifest.read(folder)
    with cluster(address):
        return _drive(SweepFolder(folder), listener)


@contextmanager
def _new_folder(folder: Path) -> Iterator[None]:
    """Make the folder of a sweep; take it away again if the sweep cannot be prepared."""
    if folder.exists():
        raise InputError(
            f"{folder} exists already. Resume it (tatl-search resume {folder}) or choose another"
            " name."
        )
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder} cannot be made: {error.strerror}") from error
    try:
        yield
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _prepare(space: SearchSpace, folder: SweepFolder) -> None:
    """Check what the space can choose and write what the sweep is; the manifest comes last."""
    checks = check_networks(space, folder.data, space.sweep.cpus_per_trial)
    tables = {latency_key(check.config): asdict(check.latency) for check in checks}
    write_durably(folder.latency, json.dumps(tables, indent=1).encode())
    manifest = SweepManifest(
        name=folder.root.name,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        sweep=space.sweep,
        space=space.raw,
        reference=reference_costs(checks),
        # Roots that trials share are computed first, with a node to themselves.
        root_threads=node_cpus() if shared_roots(space) else space.sweep.cpus_per_trial,
    )
    write_durably(folder.manifest, manifest.to_yaml().encode())


def _drive(folder: SweepFolder, listener: Listener) -> SweepEnd:
    """Run what is left of a sweep, as its only driver."""
    with _only_driver(folder), storage_errors(folder.root):
        environment = describe_environment()
        write_durably(folder.environment, json.dumps(environment, indent=1).encode())
        return Driver(folder, SweepManifest.read(folder.root)).run(listener)


@contextmanager
def _only_driver(folder: SweepFolder) -> Iterator[None]:
    lock = FileLock(folder.lock)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise InputError(
            f"another driver is running this sweep (it holds {folder.lock}); wait for it or stop it"
        ) from error
    except OSError as error:
        raise StorageError(f"{folder.root} cannot be written: {error.strerror}") from error
    with lock:
        yield
