"""Settings of one adaptation: everything that decides what it computes."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from tatl_search.config.base import Count, Positive, Settings, Share
from tatl_search.config.data import DataSettings
from tatl_search.config.decides import Decides
from tatl_search.config.network import NetworkSettings
from tatl_search.config.pruning import PruneSettings
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


class TrainOn(StrEnum):
    """Whose labelled images the network learns."""

    TARGET = "target"
    SOURCE = "source"


class AdaptationConfig(Settings):
    """Everything that decides what one adaptation computes.

    Attributes:
        seed: of everything that is drawn at random: batches, augmentation, new layers.
        source: labelled images of the source task, for methods that look at it: only what its
            cuts leave for training is used.
        train_on: `source` where the target's training images have no labels that could be
            learnt: all training goes through the source's training images, which must have the
            target's classes, while statistics and batch-norm look at the target's without
            their labels. Validation still needs labelled images of the target.
    """

    seed: Annotated[int, Field(ge=0), Decides.ROOT] = 0
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

    def after(self, prunings: int, pieces: int = 0) -> "AdaptationConfig":
        """Return settings that end after so many prunings, whatever else would end them earlier.

        Args:
            prunings: 0 only fine-tunes.
            pieces: of these settings' finishing that what is left then goes through.
        """
        ending = StopSettings(max_rounds=prunings)
        finish = self.finish.model_copy(update={"pieces": pieces}) if pieces else FinishSettings()
        return self.model_copy(update={"stop": ending, "finish": finish})

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
