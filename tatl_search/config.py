"""The settings of one adaptation and of a sweep: frozen, validated once, hashable.

An adaptation's settings say *what* is computed and enter the keys of its stages; a sweep's
settings say how many of them run, where, and what is recorded.
"""

import hashlib
import json
import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

Share = Annotated[float, Field(gt=0.0, lt=1.0)]
Positive = Annotated[float, Field(gt=0.0)]
Count = Annotated[int, Field(ge=1)]


class Settings(BaseModel):
    """Base of all settings: immutable, unknown keys refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def digest(self) -> str:
        """Return a SHA-256 over the canonical JSON of these settings."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


class AugmentSettings(Settings):
    """How a training image differs each time it is seen; every image draws its own changes.

    Attributes:
        crop: `shift` moves the image, `resized` cuts out a part and scales it to the input's
            size (Szegedy et al. 2015, arXiv 1409.4842), `none` shows its centre.
        shift: greatest random shift, as a share of the side; the border is mirrored.
        min_scale: least share of the image's area that a resized crop shows.
        max_aspect: greatest ratio between the sides of a resized crop.
        flip: mirror at random; off where left and right differ, as in digits.
        brightness: greatest relative change, drawn evenly from 1 - b to 1 + b.
        contrast: the same for the distance from the image's mean grey.
        saturation: the same for the distance from the pixel's grey.
        hue: greatest turn of the colours, as a share of the colour circle.
        erase: probability that a random rectangle is blanked (Zhong et al. 2017,
            arXiv 1708.04896).
        mixup: alpha of the Beta distribution by which pairs of images are blended (Zhang et al.
            2017, arXiv 1710.09412); 0 switches it off.
        cutmix: the same for pasting a rectangle of another image (Yun et al. 2019,
            arXiv 1905.04899). With both, each batch draws one of the two.
    """

    crop: Literal["shift", "resized", "none"] = "shift"
    shift: Annotated[float, Field(ge=0.0, le=0.5)] = 0.1
    min_scale: Annotated[float, Field(gt=0.0, le=1.0)] = 0.35
    max_aspect: Annotated[float, Field(ge=1.0, le=4.0)] = 4 / 3
    flip: bool = False
    brightness: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    contrast: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    saturation: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    hue: Annotated[float, Field(ge=0.0, le=0.5)] = 0.0
    erase: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    mixup: Annotated[float, Field(ge=0.0)] = 0.0
    cutmix: Annotated[float, Field(ge=0.0)] = 0.0


PLAIN_SOURCES = (
    "digits",
    "folder",
    "table",
    "idx",
    "packed",
    "flower102",
    "cub200",
    "dog120",
    "mit67",
    "stanford40",
)
"""Sources of images by name; `torchvision/<class>` is one more."""


def _of_a_source(name: str) -> str:
    if name not in PLAIN_SOURCES and not re.fullmatch(r"torchvision/[A-Za-z0-9]+", name):
        raise ValueError(f"write {', '.join(PLAIN_SOURCES)} or torchvision/<class> (got '{name}')")
    return name


class DataSettings(Settings):
    """The target task: where its labelled images come from and how they are split.

    Attributes:
        source: `digits` (embedded), `folder` (`<split>/<class>/*`), `table` (CSV or Parquet of
            paths and labels), `idx` (MNIST-style files), `packed` (a file of `data pack`), one of
            the sets `flower102`, `cub200`, `dog120`, `mit67`, `stanford40` in its official
            layout, or a set of torchvision by its class, as in `torchvision/OxfordIIITPet`.
        path: where the images are; needed by every source but `digits`. `~` and environment
            variables are filled in. A packed file may be named by a URI, such as
            `s3://bucket/flowers.arrow`.
        download: let torchvision fetch the set (`torchvision/<class>` and `flower102`).
        crop_to_box: cut each image to the box around its object, where the set brings boxes.
        image_size: side in pixels of the square input.
        storage_size: side in pixels of the square images that are kept; training sees crops of
            them, evaluation their centre. Null keeps them at `image_size`.
        per_class: keep this many training images of each class (stratified, seeded).
        val_share: share of the training images cut as validation where the source brings none.
        test_share: share of all images cut as test where the source brings none.
        split_seed: seed of the cuts; the same seed gives the same splits on every machine.
        class_weights: `balanced` weighs each class's loss by the inverse of its images.
        augment: how training images vary.
    """

    source: Annotated[str, AfterValidator(_of_a_source)] = "digits"
    path: str | None = None
    download: bool = False
    crop_to_box: bool = False
    image_size: Annotated[int, Field(ge=16, le=1024)] = 64
    storage_size: Annotated[int, Field(ge=16, le=2048)] | None = None
    per_class: Count | None = None
    val_share: Share = 0.2
    test_share: Share = 0.2
    split_seed: int = 0
    class_weights: Literal["none", "balanced"] = "none"
    augment: AugmentSettings = AugmentSettings()

    @property
    def stored_side(self) -> int:
        """Side in pixels of the images that are kept."""
        return self.storage_size or self.image_size

    def at_size(self, image_size: int) -> "DataSettings":
        """Return these settings for another input size, the same part of each image seen."""
        stored = self.storage_size and round(self.storage_size * image_size / self.image_size)
        return self.model_copy(update={"image_size": image_size, "storage_size": stored})

    @model_validator(mode="after")
    def _fits_together(self) -> "DataSettings":
        if self.source != "digits" and self.path is None:
            raise ValueError(f"source '{self.source}' needs a path")
        if self.stored_side < self.image_size:
            raise ValueError(
                f"storage_size {self.storage_size} is below image_size {self.image_size}"
            )
        return self


NAMED_WEIGHTS = frozenset({"embedded", "pretrained", "random"})
"""Weights that are no path."""


def _of_a_library(name: str) -> str:
    if not re.fullmatch(r"(torchvision|timm)/[A-Za-z0-9_.\-]+", name):
        raise ValueError(f"write torchvision/<name> or timm/<name> (got '{name}')")
    return name


class NetworkSettings(Settings):
    """The pre-trained network to adapt.

    Attributes:
        name: library and model name, as in `torchvision/resnet18` or `timm/tf_efficientnet_lite0`.
        weights: `embedded` (shipped in a package), `pretrained` (the library's download),
            `random`, or the path of a `.safetensors` or `.pth` state dict.
    """

    name: Annotated[str, AfterValidator(_of_a_library)] = "timm/tf_efficientnet_lite0"
    weights: str = "embedded"


class TrainingSettings(Settings):
    """One piece of training. Every piece starts a fresh optimiser and schedule.

    Attributes:
        clip_norm: greatest norm of the gradient; null switches clipping off.
        amp: automatic mixed precision, used on GPUs only.
    """

    epochs: Count = 3
    batch_size: Annotated[int, Field(ge=2)] = 32
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: Positive = 0.05
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    weight_decay: Annotated[float, Field(ge=0.0)] = 1e-4
    schedule: Literal["one_cycle", "cosine", "constant"] = "one_cycle"
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    clip_norm: Positive | None = 5.0
    amp: bool = True


class RetrainSettings(TrainingSettings):
    """The fine-tuning after each pruning.

    Attributes:
        distillation_weight: share of the loss that follows the unpruned fine-tuned network's
            outputs (Hinton et al. 2015, arXiv 1503.02531); 0 switches it off.
        distillation_temperature: softens both outputs before they are compared.
    """

    epochs: Count = 1
    learning_rate: Positive = 0.03
    distillation_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    distillation_temperature: Positive = 4.0


class PriorityWeights(Settings):
    """Weights of a group's priority: redundancy, computation (MACs) and storage (parameters)."""

    redundancy: Annotated[float, Field(ge=0.0)] = 1.0
    macs: Annotated[float, Field(ge=0.0)] = 1.0
    parameters: Annotated[float, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _not_all_zero(self) -> "PriorityWeights":
        if self.redundancy == self.macs == self.parameters == 0.0:
            raise ValueError("the priority weights are all 0; at least one must be above 0")
        return self


class Resource(StrEnum):
    """What a pruning rate is a share of."""

    MACS = "macs"
    PARAMETERS = "parameters"
    FILTERS = "filters"


class PruneSettings(Settings):
    """How filters are chosen in each round (TATL; Zhong et al. 2018, arXiv 1810.01104).

    Attributes:
        method: the named way to choose filters.
        threshold: tau, the share of a group's summed activation that its kept units must hold.
        rate: rho, the share to remove in one round of what the current network has left.
        rate_of: what the rate is a share of.
        priority: weights of the order in which groups give up their candidates.
        min_filters: no group falls below this many units.
        min_keep: no group falls below this share of its original width.
        round_to: kept widths are rounded up to a multiple of this (8 suits GPUs).
    """

    method: Literal["tatl"] = "tatl"
    threshold: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9
    rate: Share = 0.25
    rate_of: Resource = Resource.MACS
    priority: PriorityWeights = PriorityWeights()
    min_filters: Count = 4
    min_keep: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    round_to: Count = 1


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


class AdaptationConfig(Settings):
    """Everything that decides what one adaptation computes."""

    seed: Annotated[int, Field(ge=0)] = 0
    data: DataSettings = DataSettings()
    network: NetworkSettings = NetworkSettings()
    finetune: TrainingSettings = TrainingSettings()
    prune: PruneSettings = PruneSettings()
    retrain: RetrainSettings = RetrainSettings()
    stop: StopSettings = StopSettings()


class Objective(StrEnum):
    """What a sweep optimises: accuracy upwards, costs downwards."""

    ACCURACY = "accuracy"
    MACS = "macs"
    PARAMETERS = "parameters"
    SIZE_BYTES = "size_bytes"

    @property
    def higher_is_better(self) -> bool:
        """Whether larger values of this objective are better."""
        return self is Objective.ACCURACY


class BaselineSettings(Settings):
    """One network to beat: another one of the zoo, or the same one at a smaller input.

    Trained for as many epochs as the longest trial may train, so that it costs no less.
    """

    network: NetworkSettings | None = None
    image_size: Annotated[int, Field(ge=16, le=1024)] | None = None

    @model_validator(mode="after")
    def _names_a_change(self) -> "BaselineSettings":
        if self.network is None and self.image_size is None:
            raise ValueError("a baseline needs a network, an image_size, or both")
        return self

    @property
    def label(self) -> str:
        """How people know it: `input 32 px`, `timm/mobilenetv3_small_050`."""
        parts = [self.network.name] if self.network else []
        if self.image_size is not None:
            parts.append(f"input {self.image_size} px")
        return ", ".join(parts)


class WandbSettings(Settings):
    """Weights & Biases. `auto` is online when an API key is at hand, offline otherwise."""

    mode: Literal["auto", "online", "offline", "disabled"] = "auto"
    project: str = "tatl-search"
    entity: str | None = None
    tags: tuple[str, ...] = ()


class SweepSettings(Settings):
    """How a sweep runs.

    Attributes:
        trials: number of adaptations to run.
        objectives: two or three of accuracy, macs, parameters, size_bytes; accuracy is one.
        sampler: Optuna's sampler.
        startup_trials: trials drawn at random before the sampler learns.
        cpus_per_trial: CPUs, and therefore torch threads, of one trial.
        gpus_per_trial: share of a GPU for one trial; 0 trains on CPUs.
        max_concurrent: trials at once; null fills the cluster.
        collapse_accuracy: a trial whose accuracy falls below this many times that of guessing
            is infeasible.
        baselines: networks to beat, shown beside the front.
        wandb: where the sweep is recorded besides Parquet.
    """

    trials: Count = 12
    objectives: tuple[Objective, ...] = (Objective.ACCURACY, Objective.MACS)
    sampler: Literal["tpe", "nsga2", "random"] = "tpe"
    startup_trials: Annotated[int, Field(ge=0)] = 6
    cpus_per_trial: Count = 1
    gpus_per_trial: Annotated[float, Field(ge=0.0)] = 0.0
    max_concurrent: Count | None = None
    collapse_accuracy: Annotated[float, Field(ge=0.0)] = 1.5
    baselines: tuple[BaselineSettings, ...] = ()
    wandb: WandbSettings = WandbSettings()

    @model_validator(mode="after")
    def _objectives_fit(self) -> "SweepSettings":
        chosen = self.objectives
        if len(chosen) not in (2, 3) or len(set(chosen)) != len(chosen):
            raise ValueError("objectives: name two or three different ones")
        if Objective.ACCURACY not in chosen:
            raise ValueError("objectives: accuracy must be one of them")
        return self


def resolved(config: AdaptationConfig) -> dict[str, Any]:
    """Return the settings as plain JSON values, for storing and showing."""
    return config.model_dump(mode="json")
