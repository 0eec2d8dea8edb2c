"""Settings of one adaptation: everything that decides what it computes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from tatl_search.config.base import Count, Positive, Settings, Share
from tatl_search.config.data import DataSettings
from tatl_search.config.decides import Decides
from tatl_search.config.network import NetworkSettings
from tatl_search.config.pruning import PruneSettings, Resource
from tatl_search.config.training import FinishSettings, RetrainSettings, TrainingSettings


class StopSettings(Settings):
    """When an adaptation ends: the first criterion to fire is recorded.

    Attributes:
        max_rounds: at most this many rounds; 0 only fine-tunes.
        max_drop: validation accuracy may fall this far below the unpruned fine-tuned network
            (0.02 = two points) for `patience` rounds in a row.
        patience: rounds in a row that `max_drop` must be exceeded.
        target_macs_share: stop once the MACs are at most this share of the unpruned network's.
        target_parameters_share: the same for parameters.
        target_latency_ms: stop once the estimated latency of one image is at most this.
        max_minutes: wall-clock budget of one adaptation.
        max_epochs: budget of training epochs, the first fine-tuning included.
    """

    max_rounds: Annotated[int, Field(ge=0)] = 8
    max_drop: Annotated[float, Field(gt=0.0, le=1.0)] | None = None
    patience: Count = 1
    target_macs_share: Share | None = None
    target_parameters_share: Share | None = None
    target_latency_ms: Positive | None = None
    max_minutes: Positive | None = None
    max_epochs: Count | None = None


class Start(StrEnum):
    """The network that is pruned first."""

    FINETUNED = "finetuned"
    PRETRAINED = "pretrained"


class TrainOn(StrEnum):
    """Whose labelled images the network learns."""

    TARGET = "target"
    SOURCE = "source"


class AdaptationConfig(Settings):
    """Everything that decides what one adaptation computes.

    Attributes:
        seed: of everything that is drawn at random: batches, augmentation, new layers.
        start: what the first cut is made from. `finetuned` fine-tunes the pre-trained network
            first. `pretrained` cuts it as it is, by its statistics on the target's images, draws
            the head anew and only then trains. The unpruned fine-tuned network stays what
            `stop.max_drop` and distillation refer to.
        source: labelled images of the source task, for methods that look at it: only what its
            cuts leave for training is used.
        train_on: `source` where the target's training images have no labels that could be
            learnt: all training goes through the source's training images, which must have the
            target's classes, while statistics and batch-norm look at the target's without
            their labels. Validation still needs labelled images of the target.
    """

    seed: Annotated[int, Field(ge=0), Decides.ROOT] = 0
    start: Annotated[Start, Decides.METHOD | Decides.TRAINING] = Start.FINETUNED
    data: Annotated[DataSettings, Decides.IMAGES] = DataSettings()
    source: Annotated[DataSettings | None, Decides.IMAGES] = None
    train_on: Annotated[TrainOn, Decides.IMAGES] = TrainOn.TARGET
    network: Annotated[NetworkSettings, Decides.NETWORK] = NetworkSettings()
    finetune: Annotated[TrainingSettings, Decides.ROOT | Decides.TRAINING] = TrainingSettings()
    prune: PruneSettings = PruneSettings()
    retrain: Annotated[RetrainSettings, Decides.TRAINING] = RetrainSettings()
    stop: Annotated[StopSettings, Decides.ENDING] = StopSettings()
    finish: Annotated[FinishSettings, Decides.ENDING] = FinishSettings()

    @property
    def trains_on_source(self) -> bool:
        """Whether the network learns the source's images instead of the target's."""
        return self.train_on is TrainOn.SOURCE

    @property
    def training_data(self) -> DataSettings:
        """Whose labelled images the network learns."""
        return self.source if self.trains_on_source and self.source else self.data

    @property
    def starts_pretrained(self) -> bool:
        """Whether the first cut is made before anything is trained."""
        return self.start is Start.PRETRAINED

    @property
    def needs_reference(self) -> bool:
        """Whether the unpruned fine-tuned network has a say in what these settings compute."""
        refers = self.stop.max_drop is not None or self.retrain.distillation_weight > 0.0
        return refers or not self.starts_pretrained

    @property
    def first_epochs(self) -> int:
        """Epochs that are trained before the first cut."""
        return 0 if self.starts_pretrained else self.finetune.epochs

    @property
    def first_round(self) -> int:
        """The round of the first candidate: 0 where the unpruned network is one, else 1."""
        return int(self.starts_pretrained)

    @property
    def target_share(self) -> float | None:
        """The share of the unpruned network's resource at which cuts end; null for none."""
        match self.prune.rate_of:
            case Resource.MACS:
                return self.stop.target_macs_share
            case Resource.PARAMETERS:
                return self.stop.target_parameters_share
            case Resource.FILTERS:
                return None

    @property
    def ending(self) -> StopSettings:
        """When these settings end: as `stop` says, after `prune.rounds` at the latest."""
        rounds = min(self.stop.max_rounds, self.prune.rounds or self.stop.max_rounds)
        return self.stop.model_copy(update={"max_rounds": rounds})

    def after(self, prunings: int, pieces: int = 0) -> "AdaptationConfig":
        """Return settings that end after so many prunings, whatever else would end them earlier.

        Args:
            prunings: 0 only fine-tunes.
            pieces: of these settings' finishing that what is left then goes through.
        """
        ending = StopSettings(max_rounds=prunings)
        if self.prune.rounds is not None:  # the cuts follow from where they lead
            targets = ("target_macs_share", "target_parameters_share")
            ending = ending.model_copy(update={key: getattr(self.stop, key) for key in targets})
        finish = self.finish.model_copy(update={"pieces": pieces}) if pieces else FinishSettings()
        start = self.start if prunings else Start.FINETUNED
        return self.model_copy(update={"start": start, "stop": ending, "finish": finish})

    @model_validator(mode="after")
    def _source_fits(self) -> "AdaptationConfig":
        if self.source is not None and self.source.image_size != self.data.image_size:
            raise ValueError(
                f"source.image_size {self.source.image_size} is not data.image_size"
                f" {self.data.image_size}; one network looks at both"
            )
        if self.trains_on_source and self.source is None:
            raise ValueError("train_on: source needs the section 'source', which is missing")
        return self

    @model_validator(mode="after")
    def _cuts_lead_somewhere(self) -> "AdaptationConfig":
        if self.prune.rounds is not None and self.target_share is None:
            raise ValueError(
                "prune.rounds: where the cuts lead is missing; set stop.target_macs_share with"
                " prune.rate_of: macs, or stop.target_parameters_share with parameters"
            )
        if self.starts_pretrained and self.stop.max_rounds == 0:
            raise ValueError(
                "stop.max_rounds: with start: pretrained nothing is trained before the first cut;"
                " allow at least 1 round"
            )
        return self
