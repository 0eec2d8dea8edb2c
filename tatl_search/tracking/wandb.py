"""Weights & Biases: a light run of every trial, made in its worker, and one run of the sweep.

Runs of a sweep share a `group`; their `job_type` is `trial` or `sweep`. Their ids follow from the
sweep's name, so that a resumed trial continues its run. Offline runs lie in `<sweep>/wandb/` and
are uploaded with `wandb sync`.
"""

import io
import netrc
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from enum import StrEnum
from pathlib import Path
from typing import Any, Literal, get_args
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import plotly.graph_objects as go
import wandb

from tatl_search.config import WandbSettings
from tatl_search.errors import InputError, StorageError
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.tracking.tracker import attempt

Mode = Literal["online", "offline", "disabled"]

_METRICS = (
    "round", "accuracy", "loss", "macs", "parameters", "size_bytes", "latency_ms", "units_pruned",
    "units_left", "images_trained", "images_forward", "seconds", "reused",
)  # fmt: skip
_SUMMARY = ("state", "stop_reason", "infeasible_reason", "detail", "rounds", "attempts", "seconds")


def resolve_mode(settings: WandbSettings) -> Mode:
    """Return how runs are recorded; never asks anybody anything.

    `auto` follows the environment's `WANDB_MODE`; without it, it is online if a key is at hand
    and the server answers. (Nodes of a cluster often share a key but reach no network.)

    Raises:
        InputError: `online` is asked for, but there is no key.
    """
    server = urlsplit(os.environ.get("WANDB_BASE_URL", "https://api.wandb.ai"))
    key = _key_at_hand(server)
    if settings.mode == "online" and not key:
        raise InputError(
            "wandb.mode is online, but there is no API key: set WANDB_API_KEY, run `wandb login`,"
            " or use `mode: offline`"
        )
    if settings.mode != "auto":
        return settings.mode
    wished = os.environ.get("WANDB_MODE", "")
    if wished in get_args(Mode):
        return wished  # type: ignore[return-value]
    return "online" if key and _answers(server) else "offline"


def _key_at_hand(server: SplitResult) -> bool:
    if os.environ.get("WANDB_API_KEY") or os.environ.get("WANDB_IDENTITY_TOKEN_FILE"):
        return True
    try:
        found = netrc.netrc(os.environ.get("NETRC")).authenticators(server.netloc)
    except (OSError, netrc.NetrcParseError):
        return False
    return found is not None and bool(found[2])


def _answers(server: SplitResult) -> bool:
    """Return whether the server can be reached; behind a proxy only W&B itself can tell."""
    if getproxies().keys() & {"http", "https", "all"}:
        return True
    port = server.port or (80 if server.scheme == "http" else 443)
    try:
        socket.create_connection((server.hostname or "", port), timeout=5.0).close()
    except OSError:
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
        # Without a network a trial waits this long at most; what is left lies in the folder.
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


def _open_run(
    folder: SweepFolder, settings: WandbSettings, sweep: str, name: str, config: Mapping[str, Any]
) -> wandb.Run:
    """Open the run `<sweep>-<name>`; the first word of the name is its job type."""
    _writable(folder.wandb)
    job_type = name.partition("-")[0]
    # Before `silent` counts, W&B tells where it found the key.
    with redirect_stderr(io.StringIO()):
        return wandb.init(
            mode=resolve_mode(settings),
            dir=folder.root,
            project=settings.project,
            entity=settings.entity,
            tags=settings.tags,
            id=f"{sweep}-{name}",
            name=name,
            group=sweep,
            job_type=job_type,
            config=dict(config),
            resume="allow",
            # The process may hold another run, such as the one of a notebook: leave it alone.
            reinit="create_new",
            settings=_quiet_settings(job_type),
        )


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

    def __init__(
        self,
        folder: SweepFolder,
        settings: WandbSettings,
        sweep: str,
        trial: int,
        config: Mapping[str, Any],
    ) -> None:
        """Describe the run.

        Args:
            folder: the sweep's folder; offline runs lie in its `wandb/`.
            settings: mode, project, entity and tags.
            sweep: name of the sweep.
            trial: number of the trial.
            config: resolved settings of the trial.
        """
        self._folder = folder
        self._settings = settings
        self._sweep = sweep
        self._trial = trial
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
            run, self._run = self._run, None
            run.finish()

    def _opened(self) -> wandb.Run:
        if self._run is None:
            name = f"trial-{self._trial:05d}"
            self._run = _open_run(self._folder, self._settings, self._sweep, name, self._config)
            self._run.define_metric("round")
            self._run.define_metric("*", step_metric="round")
        return self._run


def log_sweep(
    folder: SweepFolder,
    settings: WandbSettings,
    front: Mapping[str, Any],
    figure: go.Figure,
    config: Mapping[str, Any],
) -> None:
    """Record a sweep as one run: its candidates as a table, its front as a figure, its sums.

    A failure of W&B is logged and costs nothing else.

    Args:
        folder: the sweep's folder.
        settings: mode, project, entity and tags.
        front: what `results.front.front_json` says of all candidates.
        figure: the front as a plotly figure.
        config: the sweep's settings.
    """
    attempt("W&B", lambda: _log_sweep(folder, settings, front, figure, config))


def _log_sweep(
    folder: SweepFolder,
    settings: WandbSettings,
    front: Mapping[str, Any],
    figure: go.Figure,
    config: Mapping[str, Any],
) -> None:
    rows = front["candidates"]
    columns = list(rows[0]) if rows else []
    sums = {name: value for name, value in front.items() if isinstance(value, int | float)}
    with _open_run(folder, settings, front["sweep"], "sweep", config) as run:
        table = wandb.Table(columns=columns, data=[list(row.values()) for row in rows])
        run.log({"candidates": table, "front": figure})
        run.summary.update({**sums, "on_front": sum(row["on_front"] for row in rows)})
