"""Sets of torchvision by the name of their class, as in `torchvision/OxfordIIITPet`."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import (
    Collection,
    Source,
    SplitName,
    folder_to_fill,
    source_folder,
)
from tatl_search.data.image_files import ImageFile, source_of_files
from tatl_search.data.reading import UnusableImageError, to_rgb
from tatl_search.data.torchvision_table import SETS, Kept, TorchvisionSet
from tatl_search.errors import InputError

# What torchvision's classes call the same things.
_PAIRS = ("samples", "_samples", "imgs")
_FILES = ("_image_files", "_images")
_LABELS = ("_labels", "targets", "labels", "y")
_NAMES = ("classes", "categories")


@dataclass(frozen=True)
class _Named:
    """One of torchvision's sets at a place.

    Attributes:
        name: of its class.
        about: how it keeps its images.
        root: the folder the class is given.
        download: whether it may fetch what is missing.
    """

    name: str
    about: TorchvisionSet
    root: Path
    download: bool

    def is_there(self) -> bool:
        return any(self.root.glob(self.about.place))

    def build(self) -> dict[SplitName, Any]:
        """Return the class's object for each split it brings."""
        # Imported here: a trial that maps the packed images does not need it.
        from torchvision import datasets

        fetch = {"download": self.download} if self.about.fetched else {}
        try:
            return {
                split: getattr(datasets, self.name)(str(self.root), **arguments, **fetch)
                for split, arguments in self.about.splits.items()
            }
        except Exception as error:
            # Each class checks its files in its own way, or not at all.
            raise InputError(
                f"torchvision/{self.name} could not be read from {self.root}:"
                f" {type(error).__name__}: {error}"
            ) from error


def open_torchvision(settings: DataSettings) -> Source:
    """Return the set of the class that the source's name ends in, with the splits it brings.

    Images that are files are opened one by one; arrays are read by the class and stay in memory
    while the set is packed. Some classes (CIFAR) unpickle the files they fetched, which they
    first check against their published MD5.

    Raises:
        InputError: no class that is supported, or its files are missing or damaged.
    """
    name = settings.source.partition("/")[2]
    if name not in SETS:
        raise InputError(
            f"data.source: torchvision/{name} is not supported; supported are {', '.join(SETS)}"
        )
    about = SETS[name]
    if settings.download and not about.fetched:
        raise InputError(f"data.download: torchvision cannot fetch {name}; get it by hand")
    root = folder_to_fill(settings) if settings.download else source_folder(settings)
    named = _Named(name, about, root, settings.download)
    if not named.is_there() and not settings.download:
        raise InputError(_not_there(named))
    return _files(named) if about.kept is Kept.FILES else _arrays(named)


def _not_there(named: _Named) -> str:
    fetch = " Or let torchvision fetch it: --set data.download=true" * named.about.fetched
    return (
        f"torchvision/{named.name} is not in {named.root}: expected"
        f" {named.root / named.about.place}.{fetch}"
    )


def _files(named: _Named) -> Source:
    parts = named.build()
    pairs = {split: _pairs(part) for split, part in parts.items()}
    names, label_of = _class_names(
        named, parts, [label for own in pairs.values() for _, label in own]
    )
    files = [
        ImageFile(path, split, label_of[label])
        for split, own in pairs.items()
        for path, label in own
    ]
    return source_of_files(named.root, names, files)


def _pairs(part: Any) -> list[tuple[Path, int]]:
    """Return file and label of each image, sorted: some classes list as the disk does."""
    pairs = _first(part, _PAIRS)
    if pairs is None:
        pairs = zip(_first(part, _FILES), _first(part, _LABELS), strict=True)
    return sorted((Path(file), int(label)) for file, label in pairs)


def _arrays(named: _Named) -> Source:
    if not named.is_there():
        named.build()
    found = sorted(path for path in named.root.glob(named.about.place) if path.is_file())
    digest = hashlib.sha256(f"{named.name} {named.root}".encode())
    for path in found:
        stat = path.stat()
        digest.update(f"\0{path}\0{stat.st_size}\0{stat.st_mtime_ns}".encode("utf-8", "replace"))
    return Source(signature=digest.hexdigest(), read=partial(_read_arrays, named))


def _read_arrays(named: _Named) -> Collection:
    parts = named.build()
    own = {split: _labels(named, split, part) for split, part in parts.items()}
    labels = np.concatenate(list(own.values()))
    names, label_of = _class_names(named, parts, labels.tolist())
    index = [(split, i) for split, part in own.items() for i in range(len(part))]

    def image(at: int) -> Image.Image:
        split, i = index[at]
        try:
            return to_rgb(parts[split][i][0])
        except (OSError, SyntaxError) as error:
            raise UnusableImageError(str(error)) from error

    return Collection(
        class_names=tuple(names),
        labels=np.array([label_of[label] for label in labels.tolist()], dtype=np.int64),
        brought=np.array([split for split, _ in index], dtype=np.int8),
        names=[f"{split.folder}[{i}]" for split, i in index],
        image=image,
    )


def _labels(named: _Named, split: SplitName, part: Any) -> np.ndarray[Any, np.dtype[np.int64]]:
    labels = _first(part, _LABELS)
    if labels is None:
        labels = [label for _, label in _first(part, _PAIRS)]
    found = np.asarray(labels)
    if found.dtype == object:
        raise InputError(f"torchvision/{named.name}: its {split.folder} split brings no labels")
    # QMNIST keeps the writer and more beside each label.
    return (found[:, 0] if found.ndim == 2 else found).astype(np.int64)


def _class_names(
    named: _Named, parts: Mapping[SplitName, Any], labels: Sequence[int]
) -> tuple[list[str], dict[int, int]]:
    """Return the name of each class, and the class of each of torchvision's labels.

    Without names, the labels that occur are the classes.
    """
    every = [_first(part, _NAMES) for part in parts.values()]
    if every[0] is None:
        occurring = sorted(set(labels))
        return [str(label) for label in occurring], {label: i for i, label in enumerate(occurring)}
    if any(list(names) != list(every[0]) for names in every):
        raise InputError(
            f"torchvision/{named.name} in {named.root}: its splits do not have the same classes"
        )
    names = [name if isinstance(name, str) else name[0] for name in every[0]]
    return names, {label: label for label in range(len(names))}


def _first(part: Any, attributes: Sequence[str]) -> Any:
    """Return the first of these attributes that the object has."""
    return next((getattr(part, name) for name in attributes if hasattr(part, name)), None)
