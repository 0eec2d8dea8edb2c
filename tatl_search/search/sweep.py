"""A sweep from its first check to its last row: launch it, or go on with one."""

import logging
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from functools import partial
from pathlib import Path

from tatl_search.config import SweepSettings
from tatl_search.errors import RunError
from tatl_search.files import storage_errors
from tatl_search.manifest import SweepFolder, SweepManifest, check_new, resume_command
from tatl_search.search.cluster import cluster, node_cpus
from tatl_search.search.driver import Driver, SweepEnd
from tatl_search.search.environment import record_environment
from tatl_search.search.estimate import small_budget
from tatl_search.search.folder import new_folder, prepare
from tatl_search.search.gpus import settled
from tatl_search.search.home import check_free
from tatl_search.search.importable import check_at_hand, check_importable
from tatl_search.search.lock import only_driver
from tatl_search.search.own_code import travelling
from tatl_search.search.preflight import NetworkCheck
from tatl_search.search.progress import Listener
from tatl_search.search.room import await_room
from tatl_search.search.shared_storage import check_shared
from tatl_search.search.shipping import shipping
from tatl_search.search.tasks import warm_up
from tatl_search.search.variants import shared_roots
from tatl_search.space import SearchSpace
from tatl_search.tracking.recording import recording
from tatl_search.tracking.wall_clock import on_the_clock

logger = logging.getLogger(__name__)


def launch(
    space: SearchSpace,
    folder: Path,
    listener: Listener,
    address: str | None = None,
    uri: str | None = None,
    began: float | None = None,
) -> SweepEnd:
    """Check everything, then run a new sweep in a new folder.

    Args:
        space: what to search.
        folder: the sweep's folder, which must not exist; its name is the sweep's.
        listener: hears how the sweep gets on.
        address: of a running Ray cluster; null uses this machine.
        uri: where the sweep also lies, for workers that do not see the folder; null for nowhere.
        began: when it was asked for, by `time.monotonic`: its wall-clock counts from there. Null
            for now.

    Raises:
        InputError: the space, the data, the network or the folder cannot be used, or nodes do
            not see it or cannot import a network of the user's; nothing of the sweep is left
            behind.
        StorageError: the storage refused a write; the sweep can be resumed.
        RunError: Ray failed, or Ctrl-C was pressed where Ray does not listen; the sweep can be
            resumed.
    """
    began = time.monotonic() if began is None else began
    check_new(folder)  # who is refused need not wait for a cluster
    if uri is not None:
        check_free(uri)
    with travelling(space.raw, address) as code, cluster(address, code):
        await_room(space.sweep, joining=address is not None)
        # Roots that trials share are computed first, with a node to themselves.
        root_threads = space.sweep.cpus_per_trial
        if shared_roots(space):
            root_threads = node_cpus()
            warm_up()
        with new_folder(folder):
            check_shared(folder, uri)
            check_importable(space.raw)
            settle = partial(_settled, space)
            prepare(space, space.sweep, SweepFolder(folder), root_threads, settle, uri)
        with only_driver(SweepFolder(folder)):
            return _drive(SweepFolder(folder), listener, address, began, is_first=True)


def _settled(space: SearchSpace, checks: Sequence[NetworkCheck]) -> SweepSettings:
    """Return the settings of a sweep whose networks are known, its budget looked at."""
    for warning in small_budget(space, checks):
        logger.warning("%s", warning)
    return settled(space, checks)


def resume(
    folder: Path, listener: Listener, address: str | None = None, began: float | None = None
) -> SweepEnd:
    """Go on with a sweep that was interrupted, losing and doubling nothing.

    Args:
        folder: the sweep's.
        listener: hears how the sweep gets on.
        address: of a running Ray cluster; null uses this machine.
        began: when it was asked for, by `time.monotonic`; null for now.

    Raises:
        InputError: the folder is no sweep, a newer version wrote it, another driver runs it, no
            node can run its trials, nodes do not see the folder, or a network of the user's cannot
            be imported.
        StorageError: the storage refused a write.
        RunError: Ray failed, or Ctrl-C was pressed where Ray does not listen.
    """
    began = time.monotonic() if began is None else began
    manifest = SweepManifest.read(folder)
    check_at_hand(manifest.space)
    with (
        only_driver(SweepFolder(folder)),
        travelling(manifest.space, address) as code,
        cluster(address, code),
    ):
        await_room(manifest.sweep, joining=address is not None)
        check_shared(folder, manifest.uri)
        check_importable(manifest.space)
        return _drive(SweepFolder(folder), listener, address, began, is_first=False)


def _drive(
    folder: SweepFolder, listener: Listener, address: str | None, began: float, is_first: bool
) -> SweepEnd:
    go_on = resume_command(folder.root, address)
    try:
        # Ray prints what became of nodes to standard output, where programs look for results.
        with redirect_stdout(sys.stderr), storage_errors(folder.root), shipping(folder) as shipped:
            record_environment(folder)
            with on_the_clock(folder, began, is_first), recording(folder):
                manifest = SweepManifest.read(folder.root)
                end = Driver(folder, manifest, go_on, began, shipped).run(listener)
                if shipped is not None:
                    shipped.ship()
                    shipped.bring_front()
            # Its libraries, scikit-learn among them, take a second that no trial need wait for.
            from tatl_search.search.summary import summarise

            summarise(folder.root)
            return end
    except KeyboardInterrupt as interrupt:
        raise RunError(f"interrupted; go on with: {go_on}") from interrupt
