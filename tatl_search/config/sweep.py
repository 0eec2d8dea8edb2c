"""Settings of a sweep: how many adaptations run, where, and what is recorded."""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)

from tatl_search.config.base import Count, Positive, Settings
from tatl_search.config.data import Input
from tatl_search.config.limits import BoundSettings, BudgetSettings, StartSettings
from tatl_search.config.naming import Named, is_stored, looked_up
from tatl_search.config.network import NetworkSettings
from tatl_search.config.recorders import RECORDERS, WANDB
from tatl_search.config.samplers import SAMPLERS
from tatl_search.config.schedulers import BELOW_FRONT, NONE, SCHEDULERS
from tatl_search.figures import ACCURACY, COSTS, GOALS, MACS, QUALITIES, Figure


def _figure(given: Any) -> Figure:
    key = given.key if isinstance(given, Figure) else given
    if isinstance(key, str) and key in GOALS:
        return GOALS[key]
    raise ValueError(f"should be one of {', '.join(GOALS)} (got {key!r})")


Objective = Annotated[
    Figure,
    PlainValidator(_figure),
    PlainSerializer(lambda figure: figure.key, return_type=str),
    WithJsonSchema({"enum": list(GOALS)}),
]
"""A figure that a sweep optimises, by its key in files."""


class BaselineSettings(Settings):
    """One network to beat: another one of the zoo, or the same one at a smaller input.

    It is a candidate like all others: on the front, to be picked and exported.

    Attributes:
        network: another network; null for the same one.
        image_size: side in pixels of another input; null for the same one.
        epochs: how long it is fine-tuned; null for as long as the longest trial may train, so that
            it costs no less.
    """

    network: NetworkSettings | None = None
    image_size: Input | None = None
    epochs: Count | None = None

    @model_validator(mode="after")
    def _names_a_change(self) -> "BaselineSettings":
        if self.network is None and self.image_size is None:
            raise ValueError("a baseline needs a network, an image_size, or both")
        return self

    @property
    def label(self) -> str:
        """How people know it: `input 32 px`, `timm/mobilenetv3_small_050`, `input 32 px, 4 epochs`.

        No two baselines of a sweep share it.
        """
        parts = [self.network.label] if self.network else []
        if self.image_size is not None:
            parts.append(f"input {self.image_size} px")
        if self.epochs is not None:
            parts.append(f"{self.epochs} epoch{'' if self.epochs == 1 else 's'}")
        return ", ".join(parts)


class WandbSettings(Settings):
    """Weights & Biases.

    Attributes:
        mode: `auto` follows the environment's `WANDB_MODE`; without it, it is online when an API
            key is at hand and the server answers, offline otherwise.
        project: that runs belong to.
        entity: user or team; null for the key's own.
        tags: of every run.
        log_models: whether the front's networks are stored as model artifacts when the sweep
            ends; off, since they take as much room there as here.
    """

    mode: Literal["auto", "online", "offline", "disabled"] = "auto"
    project: str = "tatl-search"
    entity: str | None = None
    tags: tuple[str, ...] = ()
    log_models: bool = False


def _share_or_auto(given: Any) -> Any:
    is_number = isinstance(given, int | float) and not isinstance(given, bool)
    if given == "auto" or (is_number and 0 <= given <= 1):
        return given
    raise ValueError(f"a trial trains on one GPU: auto, or a share from 0 to 1 (got {given!r})")


ShareOfGpu = Annotated[float | Literal["auto"], BeforeValidator(_share_or_auto)]


def _switched(given: Any) -> Any:
    """Return the scheduler that a switch stood for, before there was a choice."""
    return {True: BELOW_FRONT, False: NONE}[given] if isinstance(given, bool) else given


class SweepSettings(Settings):
    """How a sweep runs.

    Attributes:
        trials: number of adaptations to run.
        objectives: two or three figures, a quality such as accuracy and a cost such as macs among
            them.
        sampler: who proposes settings; Optuna's but for the grid. gp and qmc cannot learn settings
            that apply only with a certain choice; a grid needs steps.
        startup_trials: trials drawn at random before the sampler learns.
        cpus_per_trial: CPUs, and therefore torch threads, of one trial.
        gpus_per_trial: share of a GPU for one trial; 0 trains on CPUs. `auto` measures at the
            launch how many trials fit on a GPU; where there is none it means 0.
        max_concurrent: trials at once; null fills the cluster.
        trial_minutes: wall-clock after which a worker is ended with its trial, as when it hangs;
            null for no limit. The trial is tried again, from its stored stages, as often as any
            that loses its worker.
        stalled_minutes: wall-clock that may pass without a batch of images before a worker is
            taken to hang, and is ended like one beyond `trial_minutes`; null for no limit.
            Waiting for a stage that another worker computes is no stall.
        stages_gb: 10^9 bytes that stored networks may take; null for no bound. The least
            recently used go first and are computed again when they are asked for. The front's,
            shared first ones and those in use stay.
        collapse_accuracy: a trial whose accuracy falls below this many times that of guessing
            is infeasible.
        bounds: what a network must keep to, to be of use.
        latency_table: a file of `latency --table`, measured on the device that counts, from which
            latency is estimated; null measures the layers here, before the first trial.
        budget: what the sweep may spend besides its trials.
        early_stopping: what stops trials early: `below_front` those that are unlikely to come to
            the front; `true` and `false` mean `below_front` and `none`.
        promote: whether trials begin with the fewest `finish.pieces` that are searched and the
            best go on, piece by piece, as trials that share all they have in common.
        start: what the sweep begins with.
        baselines: networks to beat, each a candidate like those of trials.
        recorders: where trials are recorded besides Parquet; each may be named once.
        wandb: how they are recorded there.
    """

    trials: Count = 12
    objectives: tuple[Objective, ...] = (ACCURACY, MACS)
    sampler: Annotated[str, Named(SAMPLERS)] = "tpe"
    startup_trials: Annotated[int, Field(ge=0)] = 6
    cpus_per_trial: Count = 1
    gpus_per_trial: ShareOfGpu = 0.0
    max_concurrent: Count | None = None
    trial_minutes: Positive | None = None
    stalled_minutes: Positive | None = 30.0
    stages_gb: Annotated[float, Field(ge=0.0)] | None = None
    collapse_accuracy: Annotated[float, Field(ge=0.0)] = 1.5
    bounds: BoundSettings = BoundSettings()
    latency_table: str | None = None
    budget: BudgetSettings = BudgetSettings()
    early_stopping: Annotated[str, Named(SCHEDULERS), BeforeValidator(_switched)] = NONE
    promote: bool = False
    start: StartSettings = StartSettings()
    baselines: tuple[BaselineSettings, ...] = ()
    recorders: tuple[Annotated[str, Named(RECORDERS)], ...] = (WANDB.name,)
    wandb: WandbSettings = WandbSettings()

    @property
    def gpus(self) -> float:
        """The share of a GPU that a trial holds; 0 while `auto` is not yet settled."""
        return 0.0 if self.gpus_per_trial == "auto" else self.gpus_per_trial

    @property
    def trials_per_gpu(self) -> int:
        """Trials that find room on one GPU, since none gets parts of two; 0 on CPUs."""
        return math.floor(1.0 / self.gpus + 1e-9) if self.gpus > 0.0 else 0

    @property
    def device(self) -> str:
        """The torch device that trials run on."""
        return "cuda" if self.gpus > 0 else "cpu"

    @model_validator(mode="after")
    def _objectives_fit(self) -> "SweepSettings":
        chosen = self.objectives
        if len(chosen) not in (2, 3) or len(set(chosen)) != len(chosen):
            raise ValueError("objectives: name two or three different ones")
        for figures, what in ((QUALITIES, "quality"), (COSTS, "cost")):
            if not any(figure in figures for figure in chosen):
                names = ", ".join(figure.key for figure in figures)
                raise ValueError(f"objectives: name at least one {what}: {names}")
        return self

    @model_validator(mode="after")
    def _baselines_differ(self, info: ValidationInfo) -> "SweepSettings":
        labels = [baseline.label for baseline in self.baselines]
        twice = [label for label in dict.fromkeys(labels) if labels.count(label) > 1]
        if twice and not is_stored(info):
            raise ValueError(f"baselines: {twice[0]} is there twice")
        return self

    @model_validator(mode="after")
    def _recorders_differ(self) -> "SweepSettings":
        if len(set(self.recorders)) != len(self.recorders):
            raise ValueError("recorders: each may be named once")
        return self

    @model_validator(mode="after")
    def _budget_can_be_used_up(self) -> "SweepSettings":
        if self.budget.gpu_hours is not None and self.gpus_per_trial == 0.0:
            raise ValueError("budget.gpu_hours: no trial holds a GPU (gpus_per_trial is 0)")
        return self

    @model_validator(mode="after")
    def _sampler_hears_of_stops(self, info: ValidationInfo) -> "SweepSettings":
        if is_stored(info):
            return self
        stops = looked_up(SCHEDULERS, self.early_stopping).make is not None
        if stops and not looked_up(SAMPLERS, self.sampler).learns_of_stops:
            raise ValueError(
                f"early_stopping: {self.sampler} does not learn that a trial was stopped; choose"
                " another sampler"
            )
        return self
