"""Recording a sweep's trials in W&B while work goes on, by a process beside it."""

import logging
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile

from tatl_search.manifest import SweepFolder, SweepManifest

PATIENCE_S = 60.0
"""Runs that are being completed are waited for so long at most: a server may have gone away."""

logger = logging.getLogger(__name__)


@contextmanager
def recording(folder: SweepFolder) -> Iterator[None]:
    """Let W&B's runs of trials be made of their rows while the work within stores these.

    W&B takes more time than all else that is done for a short trial, and its threads would share
    the interpreter of a worker or of the driver. What it does not get done in time it goes on
    doing when the work is over. Does nothing where W&B is disabled.

    Raises:
        InputError: the folder is no sweep.
    """
    if SweepManifest.read(folder.root).sweep.wandb.mode == "disabled":
        yield
        return
    with TemporaryFile("w+") as said:
        recorder = subprocess.Popen(  # noqa: S603 - this very package
            [sys.executable, "-m", "tatl_search.tracking.recorder", str(folder.root.resolve())],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=said,
            start_new_session=True,  # Ctrl-C is for the driver, which then lets it finish
        )
        assert recorder.stdin is not None
        try:
            yield
        finally:
            recorder.stdin.close()
            _await(recorder)
            said.seek(0)
            _warn(said.read().splitlines())


def _await(recorder: subprocess.Popen[bytes]) -> None:
    try:
        recorder.wait(PATIENCE_S)
    except subprocess.TimeoutExpired:
        logger.warning("W&B is not done with the runs of all trials; it goes on beside")


def _warn(said: list[str]) -> None:
    """Pass on what went wrong; every run may say the same."""
    if said:
        logger.warning("%s", said[-1])
    if len(said) > 1:
        logger.warning("and %d lines more from W&B's recorder", len(said) - 1)
