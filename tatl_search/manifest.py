"""What a sweep's folder says of itself (`sweep.yaml`), and where everything lies in it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field, ValidationError

from tatl_search.config import (
    VERSION_KEY,
    Objective,
    Settings,
    SweepSettings,
    current_version,
    migrated,
)
from tatl_search.config.naming import STORED
from tatl_search.errors import InputError
from tatl_search.files import why_not_makeable
from tatl_search.records import SCHEMA_VERSION

FILE_NAME = "sweep.yaml"

BEFORE_CODE_VERSIONS = 2
"""The version of the code that launched sweeps which do not say so."""


class SweepManifest(Settings):
    """The sweep as it was launched.

    Attributes:
        schema_version: version of everything stored in the folder.
        settings_version: version of the settings' names.
        name: name of the sweep; also its folder's.
        created_at: UTC time, ISO 8601.
        sweep: how it runs.
        space: the search space as written, distributions included, `base:` and `--set` resolved.
        reference: cost of the unpruned network with the target's head, per cost objective; the
            reference point of the hypervolume, together with accuracy 0.
        code_version: of the code that launched it, and so the form of its stages' keys.
        root_threads: torch threads of the first fine-tuning, the same after a resume elsewhere.
        uri: where the folder's counterpart lies, for workers on other machines; null where the
            folder is all there is.
    """

    schema_version: int = SCHEMA_VERSION
    settings_version: int = Field(default_factory=current_version)
    name: str
    created_at: str
    sweep: SweepSettings
    space: Mapping[str, Any]
    reference: Mapping[Objective, float]
    code_version: int = BEFORE_CODE_VERSIONS
    root_threads: int = 1
    uri: str | None = None

    def to_yaml(self) -> str:
        """Return the text of `sweep.yaml`."""
        return yaml.safe_dump(self.model_dump(mode="json"), sort_keys=False)

    @classmethod
    def read(cls, folder: Path) -> "SweepManifest":
        """Read the manifest of a sweep's folder.

        Raises:
            InputError: there is no sweep, it is damaged, or a newer version wrote it.
        """
        path = folder / FILE_NAME
        if not path.is_file():
            raise InputError(f"{folder} is no sweep: it holds no {FILE_NAME}")
        try:
            raw = yaml.safe_load(path.read_text(encoding="utf-8"))
            if not isinstance(raw, Mapping):
                raise ValueError(f"it should hold settings (got {raw!r:.40})")
            found = int(raw["schema_version"])
        except (yaml.YAMLError, KeyError, TypeError, ValueError, RecursionError) as error:
            raise InputError(f"{path} is damaged: {' '.join(str(error).split())}") from error
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from error
        if found > SCHEMA_VERSION:
            raise InputError(
                f"{path} was written by a newer version (schema {found}; this one reads up to"
                f" {SCHEMA_VERSION}). Upgrade tatl-search to use this sweep."
            )
        try:
            return cls.model_validate(_of_today(raw, str(path)), context=STORED)
        except ValidationError as error:
            faults = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            raise InputError(f"{path} is damaged: {'; '.join(faults)}") from error


def _of_today(raw: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return what a manifest says by the names that settings have today."""
    version = {key: value for key, value in raw.items() if key == VERSION_KEY}
    renewed = {key: value for key, value in raw.items() if key != VERSION_KEY}
    if isinstance(raw.get("space"), Mapping):
        renewed["space"] = migrated({**version, **raw["space"]}, where)
    return renewed | migrated({**version, "sweep": raw.get("sweep")}, where)


def resume_command(folder: Path, address: str | None = None) -> str:
    """Return the command that goes on with a sweep.

    Args:
        folder: the sweep's.
        address: of the Ray cluster it ran on; null for this machine.
    """
    return f"tatl-search resume {folder}{f' --address {address}' if address else ''}"


def check_new(folder: Path) -> None:
    """Raise InputError if a new sweep cannot be here: something is, or it cannot be made."""
    if os.path.lexists(folder):
        raise InputError(
            f"{folder} exists already. Resume it ({resume_command(folder)}) or choose another name."
        )
    if why := why_not_makeable(folder):
        raise InputError(f"{folder} cannot be made: {why}")


@dataclass(frozen=True)
class SweepFolder:
    """Where everything of a sweep lies."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The sweep as it was launched."""
        return self.root / FILE_NAME

    @property
    def environment(self) -> Path:
        """Versions, machine and git revision of the last driver."""
        return self.root / "environment.json"

    @property
    def drivers(self) -> Path:
        """When each driver was asked for, and how long it took."""
        return self.root / "drivers.json"

    @property
    def latency(self) -> Path:
        """Per-layer times measured before the sweep, from which latency is estimated."""
        return self.root / "latency.json"

    @property
    def journal(self) -> Path:
        """Optuna's journal: the study."""
        return self.root / "study.journal"

    @property
    def lock(self) -> Path:
        """Held by the one driver of the sweep."""
        return self.root / "lock"

    @property
    def ended_by(self) -> Path:
        """Says which budget ended the sweep; not there while it has trials to run."""
        return self.root / "ended_by.txt"

    @property
    def paused(self) -> Path:
        """Says since when the storage behind the URI is waited for, while it is."""
        return self.root / "paused.txt"

    @property
    def candidates(self) -> Path:
        """Parquet files, one a candidate, or one for many of ended trials."""
        return self.root / "candidates"

    @property
    def trials(self) -> Path:
        """Parquet files, one a finished trial, or one for many."""
        return self.root / "trials"

    @property
    def confirmations(self) -> Path:
        """Parquet files, one a candidate: the front's settings from fresh seeds."""
        return self.root / "confirmations"

    @property
    def latencies(self) -> Path:
        """Parquet files, one a network and way to run it: latency measured alone."""
        return self.root / "latency"

    @property
    def finished(self) -> Path:
        """Parquet files, one a candidate that was trained further."""
        return self.root / "finished"

    @property
    def judged(self) -> Path:
        """Parquet files, one a network: what the test images say of it."""
        return self.root / "judged"

    @property
    def rows(self) -> tuple[Path, ...]:
        """The folders of Parquet files."""
        trained = (self.candidates, self.trials, self.confirmations, self.finished)
        return (*trained, self.latencies, self.judged)

    @property
    def stages(self) -> Path:
        """Stored networks, one folder a stage."""
        return self.root / "stages"

    @property
    def test_log(self) -> Path:
        """Every opening of the test split, a line each."""
        return self.root / "test_openings.jsonl"

    @property
    def data(self) -> Path:
        """The target data, decoded once and memory-mapped by every trial."""
        return self.root / "data"

    @property
    def ray(self) -> Path:
        """Ray Tune's own disposable files."""
        return self.root / "ray"

    @property
    def wandb(self) -> Path:
        """Offline Weights & Biases runs."""
        return self.root / "wandb"

    def recorder(self, name: str) -> Path:
        """Where a recorder notes what it has recorded, and may keep files of its own."""
        return self.wandb if name == "wandb" else self.root / "recorders" / name

    def recording(self, name: str) -> Path:
        """Held by the one process of a recorder."""
        return self.recorder(name).with_suffix(".lock")
