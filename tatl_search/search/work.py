"""What a worker is handed, complete in itself: a trial, a baseline, a shared root, or one again."""

from enum import StrEnum
from pathlib import Path

from tatl_search.adaptation.stages import CODE_VERSION
from tatl_search.config import AdaptationConfig, Settings, SweepSettings
from tatl_search.nets.latency import LatencyTable


class WorkKind(StrEnum):
    """What a piece of work is.

    Attributes:
        ROOT: a first fine-tuning that trials wait for.
        REFERENCE: the first fine-tuning that pruned networks are compared with, where none waits.
    """

    TRIAL = "trial"
    BASELINE = "baseline"
    ROOT = "root"
    REFERENCE = "reference"
    CONFIRMATION = "confirmation"
    BASELINE_AGAIN = "baseline-again"


CONFIRMATIONS = (WorkKind.CONFIRMATION, WorkKind.BASELINE_AGAIN)
"""Work that runs settings again from a fresh seed."""


def trial_label(number: int) -> str:
    """Return how people know a trial."""
    return f"trial {number}"


class WorkItem(Settings):
    """One adaptation to run, with all that a worker needs to run it.

    Attributes:
        kind: trial, baseline, root, or a trial or a baseline from a fresh seed.
        number: the trial's or baseline's number.
        attempt: how many times it has now been handed out.
        label: how people know it.
        folder: the sweep's folder.
        sweep_name: name of the sweep.
        launched_at: when it was launched, which tells it from another at the same places.
        sweep: how the sweep runs.
        config: what to compute.
        threads: torch threads of a round.
        root_threads: torch threads of the first fine-tuning.
        latency: per-layer times measured beforehand on the idle device.
        code_version: of the code that launched the sweep; decides the form of keys.
        uri: where the sweep lies for machines that do not see its folder; null for nowhere.
    """

    kind: WorkKind
    number: int
    attempt: int = 1
    label: str
    folder: Path
    sweep_name: str
    launched_at: str
    sweep: SweepSettings
    config: AdaptationConfig
    threads: int
    root_threads: int
    latency: LatencyTable | None = None
    uri: str | None = None
    code_version: int = CODE_VERSION

    @property
    def device(self) -> str:
        """The torch device the work runs on."""
        return self.sweep.device

    @property
    def owner(self) -> str:
        """Who pays for the stages this work is the first to ask for."""
        return f"{self.sweep_name}/{self.kind.value}-{self.number}"
