"""What one stored row says. The Parquet schema, the JSON of the verbs and W&B follow from here.

Columns are only ever added, with a default, so that a newer version reads what an older one
wrote; `SCHEMA_VERSION` counts the additions.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from tatl_search.figures import Figure, Figures

SCHEMA_VERSION = 7


FINISHED = ", finished"
"""What the label of a network says, that was trained further, behind that of what it was."""


class Kind(StrEnum):
    """What a candidate is. Values are stored: never remove one."""

    UNPRUNED = "unpruned"
    PRUNED = "pruned"
    BASELINE = "baseline"
    CONFIRMATION = "confirmation"
    FINISHED = "finished"


class Runtime(StrEnum):
    """What ran a network whose latency was measured. Values are stored: never remove one."""

    ONNXRUNTIME = "onnxruntime"
    TORCH = "torch"


class TrialState(StrEnum):
    """How a trial ended. Values are stored: never remove one."""

    COMPLETE = "complete"
    INFEASIBLE = "infeasible"
    STOPPED = "stopped"


class StopReason(StrEnum):
    """Which stopping criterion ended an adaptation. Values are stored: never remove one.

    `BELOW_FRONT` is the sweep's, which stops a hopeless trial, `SCHEDULER` that of another
    package's `sweep.early_stopping`, and `BUDGET` the sweep's again, of which one is used up; the
    others are the adaptation's.
    """

    MAX_ROUNDS = "max_rounds"
    MAX_DROP = "max_drop"
    TARGET_MACS = "target_macs"
    TARGET_PARAMETERS = "target_parameters"
    TARGET_LATENCY = "target_latency"
    NO_CANDIDATES = "no_candidates"
    MAX_MINUTES = "max_minutes"
    MAX_EPOCHS = "max_epochs"
    BELOW_FRONT = "below_front"
    SCHEDULER = "scheduler"
    BUDGET = "budget"


@dataclass(frozen=True, kw_only=True)
class _Place:
    """Where a candidate was found: the first columns of its row.

    Attributes:
        sweep: name of the sweep (or of the single adaptation).
        kind: unpruned, pruned, baseline, confirmation (a trial's settings from a fresh seed) or
            finished (a candidate that was trained further).
        label: for people: `trial 3 round 2`, `unpruned`, `input 32 px`.
        trial: number of the trial; null for what no trial produced (baselines, shared roots).
        round: 0 for the fine-tuned unpruned network, then 1, 2, ...; each piece by which a trial
            finishes its last network counts as one.
        stage: key of the stage that holds the network.
    """

    sweep: str
    kind: Kind
    label: str
    trial: int | None
    round: int
    stage: str


@dataclass(frozen=True, kw_only=True)
class CandidateRecord(Figures, _Place):
    """One evaluated network: where it was found, its figures, and what it took.

    Attributes:
        image_size: side of the square input in pixels.
        network: library and model name.
        units_pruned: units removed in this round.
        units_left: prunable units left.
        images_trained: images through backward, paid for by this row.
        images_without_reuse: images through backward this row would cost with nothing shared.
        images_forward: images through forward only (statistics, batch-norm, teacher, evaluation).
        seconds: wall-clock spent on this row.
        reused: whether the stage was taken from the store.
        settings: resolved settings of the adaptation, JSON.
        plan: what was pruned in this round and why, JSON; empty where nothing was.
        device: what it was trained on.
        created_at: UTC time, ISO 8601.
        stop_reason: criterion that ended the pruning with this network, or before it where it
            was finished; null while it was pruned on.
        finishing: how it was trained further, for people; empty for what was not finished.
        saw_validation: whether it was trained on the validation images, so that its accuracy and
            loss on them say nothing of new images.
        micro_batch: most images that went through at once in the training of its stage, where
            batches did not fit into memory; null where they went whole.
        finished: pieces by which its trial finished it after the last pruning.
    """

    image_size: int
    network: str
    units_pruned: int
    units_left: int
    images_trained: int
    images_without_reuse: int
    images_forward: int
    seconds: float
    reused: bool
    settings: str
    plan: str
    device: str
    created_at: str
    stop_reason: StopReason | None = None
    finishing: str = ""
    saw_validation: bool = False
    micro_batch: int | None = None
    finished: int = 0
    schema_version: int = SCHEMA_VERSION

    @property
    def prunings(self) -> int:
        """Return how often it was pruned: its round, but for what its trial finished."""
        return self.round - self.finished


@dataclass(frozen=True)
class LatencyRecord:
    """How long one network takes on one device, measured while nothing else ran there.

    Attributes:
        sweep: name of the sweep.
        label: for people: the candidate's.
        stage: key of the stage that holds the network.
        device: name of the CPU or GPU.
        runtime: what ran it.
        version: of the runtime.
        batch: images of one pass.
        threads: of the CPU; null on a GPU.
        image_size: side of the square input in pixels.
        p50_ms: median milliseconds of one pass, that is of the whole batch.
        p90_ms: 90th percentile.
        lowest_block_ms: median of the fastest block of passes.
        highest_block_ms: median of the slowest block: how far the two differ is the noise.
        blocks: how many blocks there were, those of all networks in random order.
        passes: how many passes were timed, over all blocks.
        platform: operating system and architecture.
        created_at: UTC time, ISO 8601.
    """

    sweep: str
    label: str
    stage: str
    device: str
    runtime: Runtime
    version: str
    batch: int
    threads: int | None
    image_size: int
    p50_ms: float
    p90_ms: float
    lowest_block_ms: float
    highest_block_ms: float
    blocks: int
    passes: int
    platform: str
    created_at: str
    schema_version: int = SCHEMA_VERSION

    @property
    def noise(self) -> float:
        """How far the medians of blocks lie apart, as a share of the median of all passes."""
        return (self.highest_block_ms - self.lowest_block_ms) / self.p50_ms


@dataclass(frozen=True)
class JudgedRecord:
    """What the test images say of one network, measured once.

    Attributes:
        sweep: name of the sweep.
        label: for people: the candidate's.
        stage: key of the stage that holds the network.
        accuracy: share of the test images classified correctly.
        loss: mean cross-entropy on the test images.
        macro_f1: mean over the classes of the harmonic mean of precision and recall.
        balanced_accuracy: mean over the classes of the share classified correctly.
        test_images: number of test images.
        created_at: UTC time, ISO 8601.
    """

    sweep: str
    label: str
    stage: str
    accuracy: float
    loss: float
    macro_f1: float | None
    balanced_accuracy: float | None
    test_images: int
    created_at: str
    schema_version: int = SCHEMA_VERSION

    def of(self, figure: Figure) -> float:
        """Return a figure on the test images; NaN where it is none of them."""
        found = getattr(self, figure.key, None)
        return math.nan if found is None else float(found)


@dataclass(frozen=True)
class TrialRecord:
    """How one trial ended.

    Attributes:
        stop_reason: criterion that ended it; null for an infeasible trial.
        infeasible_reason: value of `errors.InfeasibleReason`; null for a complete trial.
        detail: for people: what happened.
        rounds: candidates stored, round 0 not counted.
        attempts: times the trial was started.
        settings: resolved settings, JSON.
    """

    sweep: str
    trial: int
    state: TrialState
    stop_reason: StopReason | None
    infeasible_reason: str | None
    detail: str
    rounds: int
    attempts: int
    settings: str
    seconds: float
    created_at: str
    schema_version: int = SCHEMA_VERSION
