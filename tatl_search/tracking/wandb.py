"""Weights & Biases: how runs are opened, and the light run of each trial.

Runs of a sweep share a `group`; their `job_type` is `trial`, `confirmation` or `sweep`. Their ids
follow from the sweep's name and launch, so that a resumed trial continues its run and a new sweep
of the same name does not. All lie in `<sweep>/wandb/`, from where `wandb sync` uploads what is not
uploaded yet.
"""

import netrc
import os
import re
import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, getproxies, urlopen

import wandb

from tatl_search.config import WandbSettings
from tatl_search.errors import InputError, StorageError
from tatl_search.figures import FIGURES
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord, TrialRecord

Mode = Literal["online", "offline", "disabled"]

_METRICS = (
    "round", *FIGURES, "units_pruned", "units_left", "images_trained", "images_forward", "seconds",
    "reused",
)  # fmt: skip
PATIENCE_S = 5.0
"""A server that says nothing for so long is taken for absent."""

_SUMMARY = ("state", "stop_reason", "infeasible_reason", "detail", "rounds", "attempts", "seconds")


def resolve_mode(settings: WandbSettings) -> Mode:
    """Return how runs are recorded; never asks anybody anything.

    `auto` follows the environment's `WANDB_MODE`; without it, it is online if a key is at hand.
    Whatever would be online is offline where the server does not answer: W&B would give up the
    run, and `wandb sync` can upload an offline one. (Nodes of a cluster often share a key but
    reach no network.)

    Raises:
        InputError: `online` is asked for, but there is no key.
    """
    server = os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai")
    key = _key_at_hand(server)
    if settings.mode == "online" and not key:
        raise InputError(
            "wandb.mode is online, but there is no API key: set WANDB_API_KEY, run `wandb login`,"
            " or use `mode: offline`"
        )
    wished = os.environ.get("WANDB_MODE", "") if settings.mode == "auto" else settings.mode
    if wished in get_args(Mode) and wished != "online":
        return wished  # type: ignore[return-value]
    return "online" if key and _answers(server) else "offline"


def _key_at_hand(server: str) -> bool:
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(urlsplit(server).netloc)
    except (OSError, netrc.NetrcParseError):
        return False
    return found is not None and bool(found[2])


def _answers(server: str) -> bool:
    """Return whether the server says anything; behind a proxy only W&B itself can tell."""
    if getproxies().keys() & {"http", "https", "all"}:
        return True
    try:
        urlopen(Request(server, method="HEAD"), timeout=PATIENCE_S).close()  # noqa: S310 - W&B's own address
    except HTTPError:
        return True
    except URLError as error:
        return isinstance(error.reason, ssl.SSLError)  # W&B may trust more than Python does
    except (OSError, ValueError):
        return False
    return True


def _quiet_settings(job_type: str) -> wandb.Settings:
    # Metadata would store the command line and the git remote, where secrets may stand.
    return wandb.Settings(
        silent=True,
        console="off",
        disable_git=True,
        disable_code=True,
        x_disable_meta=True,
        x_disable_stats=True,
        x_disable_machine_info=True,
        # To list what is installed costs a trial more than all else that W&B does for it.
        x_save_requirements=job_type == "sweep",
        # Nobody waits for it but the thread it runs in; what is left lies in the folder.
        init_timeout=30.0,
        finish_timeout=60.0,
    )


def _known(record: CandidateRecord | TrialRecord, names: Sequence[str]) -> dict[str, Any]:
    """Return the fields that are not null; an enum's value, where W&B would store its name."""
    values = {name: getattr(record, name) for name in names}
    return {
        name: str(value) if isinstance(value, StrEnum) else value
        for name, value in values.items()
        if value is not None
    }


@dataclass(frozen=True)
class SweepRuns:
    """The runs of one sweep.

    Attributes:
        folder: the sweep's folder, in whose `wandb/` they lie.
        settings: mode, project, entity and tags.
        sweep: name of the sweep.
        launched_at: when it was launched, which tells it from an earlier one of its name.
    """

    folder: SweepFolder
    settings: WandbSettings
    sweep: str
    launched_at: str

    def open(self, name: str, config: Mapping[str, Any]) -> wandb.Run:
        """Open a run of the sweep, or go on with it.

        Args:
            name: of the run within the sweep; its first word is its job type.
            config: resolved settings.

        Raises:
            InputError: `online` is asked for without a key.
            StorageError: the folder cannot be written.
        """
        _writable(self.folder.wandb)
        job_type = name.partition("-")[0]
        return wandb.init(
            mode=resolve_mode(self.settings),
            dir=self.folder.root,
            project=self.settings.project,
            entity=self.settings.entity,
            tags=self.settings.tags,
            id=legal(f"{self.sweep}-{self.launched_at[:19]}-{name}"),
            name=name,
            group=self.sweep,
            job_type=job_type,
            config=dict(config),
            resume="allow",
            # The process may hold another run, such as the one of a notebook: leave it alone.
            reinit="create_new",
            settings=_quiet_settings(job_type),
        )

    def run(self, name: str, settings: Mapping[str, Any]) -> "WandbTrialTracker":
        """Return the tracker of a trial's run, or a confirmation's."""
        return WandbTrialTracker(self, name, settings)


def runs_of(manifest: SweepManifest, folder: SweepFolder) -> SweepRuns:
    """Return the runs of a sweep."""
    return SweepRuns(folder, manifest.sweep.wandb, manifest.name, manifest.created_at)


def open_runs(folder: SweepFolder) -> SweepRuns:
    """Return the runs of a sweep, W&B made ready for the threads that will open them.

    Raises:
        InputError: it is no sweep.
    """
    runs = runs_of(SweepManifest.read(folder.root), folder)
    wandb.setup()  # before the runs' threads would do it, all at once
    return runs


def legal(name: str) -> str:
    """Return a name with only what W&B allows in ids and names of artifacts."""
    return re.sub(r"[^A-Za-z0-9_.-]+", "-", name)


def _writable(folder: Path) -> None:
    """Make the folder: where W&B cannot write, it would silently write to /tmp instead."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"cannot make {folder}: {error}") from error
    if not os.access(folder, os.W_OK):
        raise StorageError(f"{folder} is not writable")


class WandbTrialTracker:
    """The run of one trial; opened at its first record. Wrap it in `FailSoft`."""

    def __init__(self, runs: SweepRuns, name: str, config: Mapping[str, Any]) -> None:
        """Describe the run.

        Args:
            runs: of the sweep.
            name: of the run: `trial-00003`, as the trial's row is called.
            config: resolved settings of the trial.
        """
        self._runs = runs
        self._name = name
        self._config = config
        self._run: wandb.Run | None = None

    def candidate(self, record: CandidateRecord) -> None:
        """Log a round's figures; `round` is the step, so a repeated round changes nothing."""
        self._opened().log(_known(record, _METRICS), step=record.round)

    def trial(self, record: TrialRecord) -> None:
        """Write how the trial ended into the run's summary."""
        self._opened().summary.update(_known(record, _SUMMARY))

    def close(self) -> None:
        """Finish the run."""
        if self._run is not None:
            self._run.finish()
            self._run = None

    def _opened(self) -> wandb.Run:
        if self._run is None:
            self._run = self._runs.open(self._name, self._config)
            self._run.define_metric("round")
            self._run.define_metric("*", step_metric="round")
        return self._run
