"""The door to Ray's jobs: a sweep that runs on a cluster elsewhere, submitted and followed.

Only Ray's own job client is used. It takes the cluster's token from RAY_AUTH_TOKEN; nothing
secret is ever put into a job's command, metadata or runtime environment, which every user of the
cluster's dashboard can read.
"""

import asyncio
import logging
import os
import shlex
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ray.exceptions import RayError

from tatl_search.errors import InputError, RunError
from tatl_search.redact import without_credentials
from tatl_search.remote.uri import below, checked_uri, is_uri
from tatl_search.search.parcel import SPACE_FILE

if TYPE_CHECKING:
    from ray.job_submission import JobDetails

FOLDER = "tatl-search folder"
"""The key of a job's metadata under which the sweep's folder is found."""

PATIENCE_S = (1, 2, 4, 8, 16, 32, 60, 60)
"""Pauses between attempts to reach a cluster whose connection was lost."""

_NOT_YET = "No available agent"
"""What a head says that has only just been started."""

_TALKATIVE = (
    "ray.dashboard.modules.dashboard_sdk",
    "ray.dashboard.modules.job.sdk",
    "ray._private.runtime_env.packaging",
)


@dataclass(frozen=True)
class SweepJob:
    """A sweep as a cluster is asked to run it.

    Attributes:
        storage: where sweeps are kept: a whole path on the cluster, or a URI.
        name: the sweep's.
    """

    storage: str
    name: str

    def __post_init__(self) -> None:
        """Raise InputError for a storage that would be lost with the job."""
        if is_uri(self.storage):
            checked_uri(self.storage)
        elif not self.storage.startswith("/"):
            raise InputError(
                f"--storage '{self.storage}' should be a whole path, such as /shared/sweeps: a"
                " folder that every node of the cluster sees; or a URI, such as s3://bucket/sweeps"
            )

    @property
    def folder(self) -> str:
        """Where the sweep lies on the cluster."""
        if is_uri(self.storage):
            return below(self.storage, self.name)
        return f"{self.storage.rstrip('/')}/{self.name}"

    @property
    def command(self) -> str:
        """What the cluster runs: begins the sweep, or goes on with it where it is there."""
        named = ["--storage", self.storage, "--name", self.name]
        return shlex.join(
            ["tatl-search", "sweep", SPACE_FILE, *named, "--resume", "--address", "auto"]
        )


class Cluster:
    """A running Ray cluster, reached through the address of its dashboard."""

    def __init__(self, address: str) -> None:
        """Connect.

        Args:
            address: URL of the dashboard, such as `http://127.0.0.1:8265`.

        Raises:
            InputError: it is no such URL.
            RunError: nobody answers, or the cluster refuses the token.
        """
        if not address.startswith(("http://", "https://")):
            raise InputError(
                f"--address '{address}' should be the URL of the cluster's dashboard, such as"
                " http://127.0.0.1:8265"
            )
        if find_spec("aiohttp") is None:
            raise RunError("Ray's job client is missing: pip install 'tatl-search[cluster]'")
        from ray.job_submission import JobSubmissionClient

        for name in _TALKATIVE:
            logging.getLogger(name).setLevel(logging.ERROR)
        for name in ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS"):
            os.environ.pop(name, None)  # Ray would take it instead of the one that was given
        self._shown = without_credentials(address)
        with _ray_errors(f"no Ray cluster at {self._shown}"):
            self._client = JobSubmissionClient(address)

    def running(self, job: SweepJob) -> str | None:
        """Return the id of the job that runs this sweep at the moment; null for none."""
        with _ray_errors(f"{self._shown} does not list its jobs"):
            jobs = self._client.list_jobs()
        return next((found.submission_id for found in jobs if _runs(found, job)), None)

    def submit(self, job: SweepJob, parcel: Path) -> str:
        """Hand a sweep to the cluster.

        Args:
            job: the sweep.
            parcel: the folder in which it is to start, sent along as it is.

        Returns:
            The id of Ray's job.

        Raises:
            RunError: the cluster refuses it.
        """
        for pause_s in PATIENCE_S:
            with _ray_errors(f"{self._shown} refuses the job"):
                try:
                    return self._submit(job, parcel)
                except RuntimeError as error:
                    if _NOT_YET not in str(error):
                        raise
            time.sleep(pause_s)
        raise RunError(f"{self._shown} runs, but its head does not take jobs; see `ray status`")

    def _submit(self, job: SweepJob, parcel: Path) -> str:
        return self._client.submit_job(
            entrypoint=job.command,
            submission_id=f"{job.name}-{time.strftime('%Y%m%d-%H%M%S')}",
            runtime_env={"working_dir": str(parcel)},
            metadata={FOLDER: job.folder},
        )

    def follow(self, job_id: str, hear: Callable[[str], None]) -> "JobDetails":
        """Hand over a job's output as it comes, from its beginning, until the job has ended.

        A lost connection is taken up again where it broke.

        Returns:
            How it ended.

        Raises:
            RunError: the cluster could not be reached for minutes.
        """
        output = _Output(hear)
        while True:
            asyncio.run(self._stream(job_id, output))
            details = self._details(job_id)
            if details.status.is_terminal():
                return details
            time.sleep(PATIENCE_S[0])

    async def _stream(self, job_id: str, output: "_Output") -> None:
        import aiohttp

        output.begins_again()
        try:
            async for text in self._client.tail_job_logs(job_id):
                output.take(text)
        except (RuntimeError, OSError, aiohttp.ClientError):
            return  # whether the job or the connection has ended, its details tell

    def _details(self, job_id: str) -> "JobDetails":
        for pause_s in PATIENCE_S:
            try:
                return self._client.get_job_info(job_id)
            except (RuntimeError, OSError):
                time.sleep(pause_s)
        with _ray_errors(f"{self._shown} does not answer; the job may still run there"):
            return self._client.get_job_info(job_id)

    def commands(self, job_id: str) -> tuple[str, str]:
        """Return Ray's commands, for people: to look at a job again, and to stop it."""
        named = f"{job_id} --address {shlex.quote(self._shown)}"
        return f"ray job logs --follow {named}", f"ray job stop {named}"


class _Output:
    """A job's output, of which each connection tells everything from the beginning."""

    def __init__(self, hear: Callable[[str], None]) -> None:
        self._hear = hear
        self._told = 0
        self._position = 0

    def begins_again(self) -> None:
        self._position = 0

    def take(self, text: str) -> None:
        new = text[max(0, self._told - self._position) :]
        self._position += len(text)
        self._told = max(self._told, self._position)
        if new:
            self._hear(new)


def _runs(found: "JobDetails", job: SweepJob) -> bool:
    metadata = found.metadata or {}
    return metadata.get(FOLDER) == job.folder and not found.status.is_terminal()


@contextmanager
def _ray_errors(what: str) -> Iterator[None]:
    """Turn what Ray's job client raises into a RunError that holds no credentials."""
    try:
        yield
    except (RuntimeError, OSError, ValueError, RayError) as error:
        why = without_credentials(" ".join(str(error).split()))
        raise RunError(f"{what}: {why}") from error
