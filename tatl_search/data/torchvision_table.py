"""Which of torchvision's sets are supported, and how each keeps images and splits."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

from tatl_search.data.collection import SplitName

Arguments = Mapping[str, object]


class Kept(Enum):
    """How a class of torchvision holds its images."""

    FILES = auto()
    """One file an image, listed by the class; opened and judged like any other file."""

    ARRAYS = auto()
    """By a way of its own: arrays in memory, or names it makes up by a rule."""


@dataclass(frozen=True)
class TorchvisionSet:
    """One class of `torchvision.datasets`.

    Attributes:
        place: glob, below the path, of files that are there once the set is; of arrays, all.
        splits: arguments of the constructor for each split it brings.
        kept: how it holds its images.
        fetched: whether torchvision can download it.
    """

    place: str
    splits: Mapping[SplitName, Arguments]
    kept: Kept = Kept.FILES
    fetched: bool = True


def _splits(
    train: str, val: str | None = None, test: str | None = None
) -> dict[SplitName, Arguments]:
    named = {SplitName.TRAIN: train, SplitName.VAL: val, SplitName.TEST: test}
    return {split: {"split": name} for split, name in named.items() if name is not None}


_ALL = _splits("train", "val", "test")
_TRAIN_VAL = _splits("train", "val")
_TRAIN_TEST = _splits("train", test="test")
_FLAG: dict[SplitName, Arguments] = {
    SplitName.TRAIN: {"train": True},
    SplitName.TEST: {"train": False},
}
_NONE: dict[SplitName, Arguments] = {SplitName.TRAIN: {}}
_BALANCED: dict[SplitName, Arguments] = {
    split: {"split": "balanced", **flag} for split, flag in _FLAG.items()
}
_SMALL: dict[SplitName, Arguments] = {
    split: {**chosen, "small": True} for split, chosen in _splits("train-standard", "val").items()
}

SETS: Mapping[str, TorchvisionSet] = {
    "CIFAR10": TorchvisionSet("cifar-10-batches-py/*", _FLAG, Kept.ARRAYS),
    "CIFAR100": TorchvisionSet("cifar-100-python/*", _FLAG, Kept.ARRAYS),
    "CLEVRClassification": TorchvisionSet("clevr/CLEVR_v1.0", _TRAIN_VAL),
    "Caltech101": TorchvisionSet("caltech101/101_ObjectCategories/*/*", _NONE, Kept.ARRAYS),
    "Caltech256": TorchvisionSet("caltech256/256_ObjectCategories/*/*", _NONE, Kept.ARRAYS),
    "Country211": TorchvisionSet("country211", _splits("train", "valid", "test")),
    "DTD": TorchvisionSet("dtd/dtd", _ALL),
    "EMNIST": TorchvisionSet("EMNIST/raw/*", _BALANCED, Kept.ARRAYS),
    "EuroSAT": TorchvisionSet("eurosat/2750", _NONE),
    "FER2013": TorchvisionSet("fer2013/*.csv", _TRAIN_TEST, Kept.ARRAYS, fetched=False),
    "FGVCAircraft": TorchvisionSet("fgvc-aircraft-2013b", _ALL),
    "FashionMNIST": TorchvisionSet("FashionMNIST/raw/*", _FLAG, Kept.ARRAYS),
    "Flowers102": TorchvisionSet("flowers-102", _ALL),
    "Food101": TorchvisionSet("food-101", _TRAIN_TEST),
    "GTSRB": TorchvisionSet("gtsrb", _TRAIN_TEST),
    "ImageNet": TorchvisionSet("*", _TRAIN_VAL, fetched=False),
    "Imagenette": TorchvisionSet("imagenette2", _TRAIN_VAL),
    "KMNIST": TorchvisionSet("KMNIST/raw/*", _FLAG, Kept.ARRAYS),
    "MNIST": TorchvisionSet("MNIST/raw/*", _FLAG, Kept.ARRAYS),
    "OxfordIIITPet": TorchvisionSet("oxford-iiit-pet", _splits("trainval", test="test")),
    "Places365": TorchvisionSet("categories_places365.txt", _SMALL),
    "QMNIST": TorchvisionSet("QMNIST/raw/*", _FLAG, Kept.ARRAYS),
    "RenderedSST2": TorchvisionSet("rendered-sst2", _ALL),
    "SEMEION": TorchvisionSet("semeion.data", _NONE, Kept.ARRAYS),
    "STL10": TorchvisionSet("stl10_binary/*", _TRAIN_TEST, Kept.ARRAYS),
    "SUN397": TorchvisionSet("SUN397", _NONE),
    "SVHN": TorchvisionSet("*_32x32.mat", _TRAIN_TEST, Kept.ARRAYS),
    "StanfordCars": TorchvisionSet("stanford_cars", _TRAIN_TEST, fetched=False),
    "USPS": TorchvisionSet("usps*.bz2", _FLAG, Kept.ARRAYS),
}
"""Classification sets whose images carry one label each.

Where a class offers several labellings, the one it takes by itself is used, but EMNIST's is
`balanced` and Places365's images are the small ones. Splits without labels and SVHN's `extra` are
left out. PCAM is not here: it needs h5py.
"""
