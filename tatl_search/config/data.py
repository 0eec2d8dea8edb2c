"""Settings of the target task's images."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from tatl_search.config.base import Count, Settings, Share
from tatl_search.config.decides import Decides
from tatl_search.config.naming import is_stored, looked_up
from tatl_search.config.sources import SOURCES, written_sources
from tatl_search.redact import CREDENTIALS, holds_credentials
from tatl_search.registry import did_you_mean

LEAST_SIDE = 16
"""Least side of an input, and of images that are kept, in pixels."""

Input = Annotated[int, Field(ge=LEAST_SIDE, le=1024)]
"""Side of a square input in pixels."""


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


def _of_a_source(written: str, info: ValidationInfo) -> str:
    if is_stored(info):
        return written
    name, slash, member = written.partition("/")
    if name not in SOURCES.builtin and name not in SOURCES.plugins:
        names = (*written_sources(), *SOURCES.plugins)
        guess = did_you_mean(name, SOURCES.names)
        raise ValueError(f"should be one of {', '.join(names)} (got '{written}'){guess}")
    if fault := SOURCES.fault_of(name):
        raise ValueError(fault)
    source = looked_up(SOURCES, name)
    if bool(member) != bool(source.member) or bool(slash) != bool(member):
        raise ValueError(f"should be written as {source.written} (got '{written}')")
    return written


def _without_secrets(path: str) -> str:
    if "://" in path and holds_credentials(path):
        raise ValueError(f"it {CREDENTIALS}")  # what was given is not repeated
    return path


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
        sixteen_bit_max: the value that is white in images with 16 bits a channel, as in 4095 for
            cameras of 12 bits (`folder`, `table`). Null takes 65535; in a packed file, what it
            was packed with.
        per_class: keep this many training images of each class (stratified, seeded).
        val_per_class: the same for validation images that are cut; null keeps them in proportion
            to `per_class`, at least 20.
        val_share: share of the training images cut as validation where the source brings none.
        test_share: share of all images cut as test where the source brings none.
        split_seed: seed of the cuts; the same seed gives the same splits on every machine.
        class_weights: `balanced` weighs each class's loss by the inverse of its images.
        augment: how training images vary.
    """

    source: Annotated[str, AfterValidator(_of_a_source)] = "digits"
    path: Annotated[str, AfterValidator(_without_secrets)] | None = None
    download: bool = False
    crop_to_box: bool = False
    image_size: Input = 64
    storage_size: Annotated[int, Field(ge=LEAST_SIDE, le=2048)] | None = None
    sixteen_bit_max: Annotated[int, Field(ge=255, le=65535)] | None = None
    per_class: Count | None = None
    val_per_class: Count | None = None
    val_share: Share = 0.2
    test_share: Share = 0.2
    split_seed: Annotated[int, Field(ge=0)] = 0
    class_weights: Annotated[Literal["none", "balanced"], Decides.ROOT] = "none"
    augment: Annotated[AugmentSettings, Decides.ROOT] = AugmentSettings()

    @property
    def stored_side(self) -> int:
        """Side in pixels of the images that are kept."""
        return self.storage_size or self.image_size

    def at_size(self, image_size: int) -> "DataSettings":
        """Return these settings for another input size, the same part of each image seen."""
        stored = self.storage_size and round(self.storage_size * image_size / self.image_size)
        return self.model_copy(update={"image_size": image_size, "storage_size": stored})

    @model_validator(mode="after")
    def _fits_together(self, info: ValidationInfo) -> "DataSettings":
        if not is_stored(info):
            self._check_source()
        if self.stored_side < self.image_size:
            raise ValueError(
                f"storage_size {self.storage_size} is below image_size {self.image_size}"
            )
        return self

    def _check_source(self) -> None:
        """Raise ValueError where the source cannot do what is asked of it."""
        source = looked_up(SOURCES, self.source.partition("/")[0])
        if source.needs_path and self.path is None:
            raise ValueError(f"source '{self.source}' needs a path")
        if self.crop_to_box and not source.has_boxes:
            able = ", ".join(written_sources(lambda other: other.has_boxes))
            raise ValueError(f"crop_to_box: source '{self.source}' brings no boxes; {able} do")
        if self.download and not source.can_fetch:
            able = " and ".join(written_sources(lambda other: other.can_fetch))
            raise ValueError(f"download: source '{self.source}' cannot be fetched; {able} can")
        if self.sixteen_bit_max is not None and not source.has_ranges:
            able = ", ".join(written_sources(lambda other: other.has_ranges))
            raise ValueError(
                f"sixteen_bit_max: source '{self.source}' has 8 bits a channel; {able} may have 16"
            )
