"""The picked network trained longer before it is taken away."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.stages import Stage
from tatl_search.adaptation.workbench import Workbench, finishing
from tatl_search.config import AdaptationConfig, RetrainSettings, read_settings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING
from tatl_search.deploy.pick import Choice
from tatl_search.deploy.restore import restored, workbench_of
from tatl_search.deploy.wording import points
from tatl_search.errors import InputError, RunError
from tatl_search.nets.threads import torch_threads
from tatl_search.records import FINISHED, CandidateRecord, Kind
from tatl_search.results.store import SweepResults
from tatl_search.tracking.parquet import ParquetTracker

DISTILLATION = 0.5
"""Share of the loss that follows the teacher, where the trial's own settings have none."""


@dataclass(frozen=True)
class FinishRequest:
    """How a network is trained further.

    Attributes:
        epochs: over all images.
        with_validation: whether it learns the validation images too.
        distil: whether it follows the outputs of the sweep's most accurate network.

    Raises:
        InputError: there is not one epoch.
    """

    epochs: int
    with_validation: bool = False
    distil: bool = False

    def __post_init__(self) -> None:
        if self.epochs < 1:
            raise InputError(f"epochs must be at least 1: {self.epochs}")

    @property
    def options(self) -> str:
        """What asks for the same at the command line."""
        validation = " --with-validation" if self.with_validation else ""
        return f"--epochs {self.epochs}{validation}{' --distil' if self.distil else ''}"


@dataclass(frozen=True)
class Finished:
    """A network before and after it was trained further; its text is for people.

    Attributes:
        before: as it was picked.
        after: as it is now.
    """

    before: CandidateRecord
    after: CandidateRecord

    def __str__(self) -> str:
        before, after = self.before, self.after
        if after.saw_validation:
            return (
                f"{before.label}: {after.finishing}. Validation was trained on, so its accuracy"
                f" ({before.accuracy:.4f} before) says nothing any more: the test accuracy,"
                " measured once when it is exported, is the honest figure"
            )
        return (
            f"{before.label}: {after.finishing}. Validation accuracy {before.accuracy:.4f} before,"
            f" {after.accuracy:.4f} after ({points(after.accuracy - before.accuracy)}) on"
            f" {after.val_images} images"
        )

    def choice(self, picked: Choice) -> Choice:
        """Return the choice of the finished network, for an export."""
        return replace(picked, candidate=self.after)


def finish(
    results: SweepResults,
    picked: CandidateRecord,
    request: FinishRequest,
    announce: Callable[[str], None],
) -> Finished:
    """Train a candidate further, as a stage: what was computed before is found, bit for bit.

    It is trained as in the rounds of its trial, with a schedule over all the epochs and without
    what only prepares pruning. The test split stays shut.

    Args:
        results: the sweep.
        picked: one of its candidates.
        request: how.
        announce: told what is about to be done.

    Raises:
        InputError: the data is not what the network was trained on, or its labels are not to be
            learnt.
        InfeasibleError: training diverged or memory ran out.
        RunError: there is no GPU, or an evicted network cannot be computed again.
        StorageError: the sweep's folder cannot be written.
    """
    config = read_settings(picked.settings)
    _check(results, config, request)
    teacher = _most_accurate(results, config) if request.distil else None
    words = _in_words(request, teacher)
    announce(f"{picked.label}: {words}")
    bench = workbench_of(results, picked, "finished")
    parent = restored(results, picked)
    training = _training(config.retrain, request, _share_left(bench, parent))
    if request.with_validation:
        bench = replace(bench, target=bench.target.with_validation())
    followed = restored(results, teacher) if teacher else None
    with torch_threads(bench.threads):
        stage = bench.train_further(parent, training, followed)
    reached = Candidate(
        picked.round, stage, PrunePlan(()), bench.owner, picked.latency_ms, NOTHING, None
    )
    label = picked.label + FINISHED
    row = reached.record(config, picked.sweep, picked.trial, Kind.FINISHED, label)
    after = replace(row, plan=picked.plan, finishing=words, saw_validation=request.with_validation)
    rows = ParquetTracker(results.folder)
    rows.candidate(after)
    rows.settle()
    return Finished(picked, after)


def _check(results: SweepResults, config: AdaptationConfig, request: FinishRequest) -> None:
    if request.with_validation and config.trains_on_source:
        raise InputError(
            "this sweep learns the source's images (train_on: source), not the target's labels;"
            " validation images cannot be added to them"
        )
    if results.manifest.sweep.device == "cuda" and not torch.cuda.is_available():
        raise RunError("the sweep was trained on a GPU, and this machine has none; finish there")


def _share_left(bench: Workbench, stage: Stage) -> float:
    """Return a stage's MACs as a share of the unpruned network's, where anything hangs on it."""
    if bench.config.retrain.learning_rate_exponent == 0.0:
        return 1.0
    return stage.metrics.macs / bench.root().metrics.macs


def _training(
    settings: RetrainSettings, request: FinishRequest, macs_share: float
) -> RetrainSettings:
    weight = (settings.distillation_weight or DISTILLATION) if request.distil else 0.0
    longer = finishing(settings, request.epochs, macs_share=macs_share)
    return longer.model_copy(update={"distillation_weight": weight})


def _most_accurate(results: SweepResults, config: AdaptationConfig) -> CandidateRecord:
    """Return the best network that sees images as this one does."""
    known = (row for row in results.candidates if math.isfinite(row.accuracy))
    for row in sorted(known, key=lambda row: (-row.accuracy, -row.macs)):
        other = read_settings(row.settings)
        if (other.network, other.data) == (config.network, config.data):
            return row
    raise InputError("the sweep holds no network to learn from")


def _in_words(request: FinishRequest, teacher: CandidateRecord | None) -> str:
    images = "train + validation" if request.with_validation else "the training images"
    epochs = f"{request.epochs} more epoch" + ("" if request.epochs == 1 else "s")
    taught = f", taught by {teacher.label}" if teacher else ""
    return f"{epochs} on {images}{taught} ({request.options})"
