"""Which image serves what: seeded, stratified cuts, the same on every machine."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import numpy.typing as npt

from tatl_search.config import DataSettings
from tatl_search.data.collection import SplitName
from tatl_search.data.names import look_alikes
from tatl_search.data.packed import Pack
from tatl_search.data.target import Labels
from tatl_search.errors import InputError

Indices = npt.NDArray[np.int64]

_FEWEST_VAL = 20
_IMBALANCE = 3.0


class Labelled(Protocol):
    """Listed or packed images: what is needed to tell whether they make a target task."""

    @property
    def class_names(self) -> tuple[str, ...]:
        """Name of each label."""

    @property
    def labels(self) -> Labels:
        """(N,) label of each image."""

    @property
    def brought(self) -> npt.NDArray[np.int8]:
        """(N,) `SplitName` the source puts each image in."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What people should know."""


class Cuttable(Labelled, Protocol):
    """Images that can be cut into splits."""

    @property
    def copies(self) -> npt.NDArray[np.int64]:
        """(N,) number of each image's content: copies have the same."""


def cut(pack: Cuttable, settings: DataSettings) -> dict[SplitName, Indices]:
    """Return the images of each split, as indices in seeded random order.

    All images are put in one seeded order, and each class is dealt out along it: what the source
    brings stays as it is; a missing test split takes the first `test_share` of the training
    images of each class, a missing validation split the next `val_share` of what is then left,
    at least one image where the class has more than one. What remains is for training. Copies
    of an image go, within a class, where the first of them goes, and count as one.

    `per_class` then keeps the first so many training images of each class. A validation split
    that was cut keeps in proportion, `per_class * val_share / (1 - val_share)` images a class
    but at least 20 where there are: otherwise a small-data task would spend more on evaluating
    than on training. Splits that the source brings stay whole. The training images of a smaller
    `per_class` are among those of a larger one.

    Raises:
        InputError: fewer than two classes, fewer training images than classes, a class without
            training images, or so few images that a split stays empty.
    """
    check_classes(pack)
    labels = pack.labels
    order = np.random.default_rng(settings.split_seed).permutation(len(labels))
    train, val, test = (order[pack.brought[order] == split] for split in SplitName)
    if not len(test):
        test, train = _cut_off(train, pack, settings.test_share)
    if not len(val):
        val, train = _cut_off(train, pack, settings.val_share)
        val, _ = _deal(val, labels, _most_val(settings))
    train, _ = _deal(train, labels, settings.per_class)
    splits = {SplitName.TRAIN: train, SplitName.VAL: val, SplitName.TEST: test}
    for split, indices in splits.items():
        if not len(indices):
            raise InputError(
                f"{len(labels)} images are too few to be cut into three splits: none is left for"
                f" {split.folder}"
            )
    return splits


def remarks(
    pack: Pack, splits: dict[SplitName, Indices], settings: DataSettings
) -> tuple[str, ...]:
    """Return what people should know of classes and cuts: look-alikes, imbalance, shortage."""
    counts = {
        split: np.bincount(pack.labels[indices], minlength=len(pack.class_names))
        for split, indices in splits.items()
    }
    names = pack.class_names
    notes = [
        f"classes whose names differ only in capitals or blanks: {_listed(group)}"
        for group in look_alikes(names)
    ]
    train = counts[SplitName.TRAIN]
    few, many = int(train.argmin()), int(train.argmax())
    if train[many] > _IMBALANCE * train[few]:
        notes.append(
            f"classes are imbalanced: from {train[few]} ('{names[few]}') to {train[many]}"
            f" ('{names[many]}') training images"
        )
    if settings.per_class is not None:
        short = [
            f"{names[label]} ({train[label]})"
            for label in np.flatnonzero(train < settings.per_class)
        ]
        if short:
            notes.append(
                f"fewer training images than the {settings.per_class} asked for: "
                + ", ".join(short)
            )
    for split in (SplitName.VAL, SplitName.TEST):
        empty = [names[label] for label in np.flatnonzero(counts[split] == 0)]
        if empty:
            notes.append(f"no {split.folder} images for: {', '.join(empty)}")
    return tuple(notes)


def check_classes(found: Labelled) -> None:
    """Raise InputError if there are too few classes, or one without training images."""
    names = found.class_names
    if len(names) < 2:
        raise InputError(f"one class only ({_listed(names)}): a target task needs at least two")
    train = found.labels[found.brought == SplitName.TRAIN]
    why = "".join(f"\n  {note}" for note in found.notes[:5])
    if len(train) < len(names):
        raise InputError(f"{len(train)} training images are too few for {len(names)} classes{why}")
    counts = np.bincount(train, minlength=len(names))
    empty = [names[label] for label in np.flatnonzero(counts == 0)]
    if empty:
        raise InputError(f"no usable training image for class {_listed(empty)}{why}")


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _shares(labels: Labels, share: float) -> Indices:
    """Return how many images of each class a share is, rounded, leaving one to the rest."""
    totals = np.bincount(labels)
    wanted = np.floor(totals * share + 0.5)
    dealt: Indices = np.maximum(np.clip(wanted, 1, totals - 1), 0).astype(np.int64)
    return dealt


def _cut_off(pool: Indices, pack: Cuttable, share: float) -> tuple[Indices, Indices]:
    """Split indices into a share of each class and the rest, copies of an image together."""
    labels = pack.labels[pool]
    _, first, copy_of = np.unique(
        np.stack([pack.copies[pool], labels]), axis=1, return_index=True, return_inverse=True
    )
    originals = np.sort(first)
    chosen, _ = _deal(originals, labels, _shares(labels[originals], share))
    taken = np.isin(first[copy_of], chosen)
    return pool[taken], pool[~taken]


def _most_val(settings: DataSettings) -> int | None:
    if settings.val_per_class is not None or settings.per_class is None:
        return settings.val_per_class
    odds = settings.val_share / (1.0 - settings.val_share)
    return max(_FEWEST_VAL, round(settings.per_class * odds))


def _deal(
    indices: Indices, labels: Labels, counts: Indices | int | None
) -> tuple[Indices, Indices]:
    """Split indices into the first `counts` of each class (one number for all) and the rest."""
    if counts is None:
        return indices, indices[:0]
    own = labels[indices]
    limits = counts if isinstance(counts, int) else counts[own]
    chosen = _ranks_in_class(own) < limits
    return indices[chosen], indices[~chosen]


def _ranks_in_class(labels: Labels) -> Indices:
    """Return how many earlier items have the same label, for each item."""
    by_class = np.argsort(labels, kind="stable")
    grouped = labels[by_class]
    ranks = np.empty_like(by_class)
    ranks[by_class] = np.arange(len(labels)) - np.searchsorted(grouped, grouped)
    return ranks
