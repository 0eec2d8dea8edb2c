"""Recording a sweep's trials while work goes on, by a process of each recorder beside it."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from tempfile import TemporaryFile

from tatl_search.config import Recorder, recorders_of
from tatl_search.manifest import SweepFolder, SweepManifest

PATIENCE_S = 60.0
"""Runs that are being completed are waited for so long at most: a server may have gone away."""

logger = logging.getLogger(__name__)


@contextmanager
def recording(folder: SweepFolder) -> Iterator[None]:
    """Let the sweep's recorders make runs of its rows while the work within stores these.

    A recorder takes more time than all else that is done for a short trial, and its threads would
    share the interpreter of a worker or of the driver. What it does not get done in time it goes on
    doing when the work is over.

    Raises:
        InputError: the folder is no sweep, or a plug-in cannot be used.
    """
    with ExitStack() as beside:
        for recorder in recorders_of(SweepManifest.read(folder.root).sweep):
            beside.enter_context(_beside(folder, recorder))
        yield


@contextmanager
def _beside(folder: SweepFolder, recorder: Recorder) -> Iterator[None]:
    """Run one recorder's process while the work within goes on."""
    where = str(folder.root.resolve())
    with TemporaryFile("w+") as said:
        process = subprocess.Popen(  # noqa: S603 - this very package
            [sys.executable, "-m", "tatl_search.tracking.recorder", where, recorder.name],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for the driver, which then lets it finish
        )
        assert process.stdin is not None
        try:
            yield
        finally:
            process.stdin.close()
            _await(process, recorder)
            said.seek(0)
            _warn(said.read().splitlines(), recorder)


def _await(process: subprocess.Popen[bytes], recorder: Recorder) -> None:
    try:
        process.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        logger.warning(
            "%s is not done with the runs of all trials; it goes on beside", recorder.title
        )


def _warn(said: list[str], recorder: Recorder) -> None:
    """Pass on what went wrong; every run may say the same."""
    if said:
        logger.warning("%s", said[-1])
    if len(said) > 1:
        logger.warning("and %d lines more from the recorder of %s", len(said) - 1, recorder.title)
