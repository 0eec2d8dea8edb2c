"""WealthAdapt: images of related source classes help where the target has few.

Liu, Guo, Chen 2019, "WealthAdapt: A General Network Adaptation Framework for Small Data Tasks" (ACM
MM, doi 10.1145/3343031.3351035): a model-based fast selection of source classes, and pruning
iterations that fine-tune on target and selected images. All that follows is *our reading*:

- A source class is as near to the target as the nearest class of the target, in the distance of
  class-mean features of the pre-trained network. The predicted probabilities of its own head
  would need a source whose classes are those of its pre-training; this needs none.
- Filters are chosen by statistics of the target alone.
- The rounds learn jointly, the first fine-tuning does not: all methods share it.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from tatl_search.config import PruneSettings
from tatl_search.config.wealth import WEALTH
from tatl_search.core.spent import Spent
from tatl_search.errors import InputError
from tatl_search.methods.allocations.priority import priority
from tatl_search.methods.companions import Companions, Joint
from tatl_search.methods.context import Batches, Context, Ints, Learnt
from tatl_search.methods.method import Method
from tatl_search.methods.scores import activation
from tatl_search.nets.features import features
from tatl_search.nets.skeleton import eval_mode

NAMES_SHOWN = 10

Means = npt.NDArray[np.float64]


def nearness(source_means: Means, target_means: Means) -> Means:
    """Return how far each source class is from the nearest class of the target.

    Args:
        source_means: (S, F) mean features of the source's classes.
        target_means: (C, F) of the target's.

    Returns:
        (S,) Euclidean distances.
    """
    apart = source_means[:, None, :] - target_means[None, :, :]
    distances: Means = np.linalg.norm(apart, axis=2).min(axis=1)
    return distances


def choose_companions(context: Context) -> Companions:
    """Return the first images of the source classes nearest to the target.

    What was found is learnt once, from all training images of the target.

    Raises:
        InputError: the context has no source.
    """
    if context.source is None:
        raise InputError("prune.method: 'wealthadapt' needs images of a source task")
    settings, source = WEALTH.of(context.settings), context.source
    learnt = context.learn(f"wealth-{_label(context.settings)}-{source.fingerprint[:16]}", _learn)
    nearest = learnt.arrays["classes"].astype(np.int64)
    rows = learnt.arrays["rows"].astype(np.int64)
    labels = learnt.arrays["labels"].astype(np.int64)
    names = [source.class_names[source_class] for source_class in nearest]
    shown = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else ""
    return Companions(
        rows=rows,
        labels=labels,
        classes=len(nearest),
        note=(
            f"learns {len(rows)} images of the source besides, at most"
            f" {settings.images_per_class} a class, of the classes nearest to the target: "
            f"{shown}{more}"
        ),
        spent=learnt.spent,
    )


def _label(settings: PruneSettings) -> str:
    """Name all that decides the choice besides network and images."""
    wealth = WEALTH.of(settings)
    return f"{wealth.classes}x{wealth.images_per_class}"


def _learn(root: Context) -> Learnt:
    """Rank the source's classes: (K,) `classes`, and (N,) `rows` and `labels` of their images."""
    assert root.source_images is not None
    assert root.pretrained is not None
    settings, network = WEALTH.of(root.settings), root.pretrained()
    target = look(network, root.images)
    source = look(network, root.source_images, settings.images_per_class)
    order = np.argsort(nearness(source.means, target.means), kind="stable")
    nearest = source.classes[order[: settings.classes]]
    taken = [source.rows[source.labels == source_class] for source_class in nearest]
    labels = [np.full(len(rows), label) for label, rows in enumerate(taken)]
    arrays = {"classes": nearest, "rows": np.concatenate(taken), "labels": np.concatenate(labels)}
    return Learnt(
        {name: values.astype(np.float64) for name, values in arrays.items()},
        Spent(images_forward=len(target.rows) + len(source.rows)),
    )


@dataclass(frozen=True)
class Seen:
    """What a network sees in labelled images.

    Attributes:
        classes: (C,) labels there are, ascending.
        means: (C, F) mean over a class's images of their features, scaled to length 1 so that no
            image counts by its contrast.
        rows: (N,) places of the images that were looked at, ascending.
        labels: (N,) theirs.
    """

    classes: Ints
    means: Means
    rows: Ints
    labels: Ints


def look(network: nn.Module, batches: Batches, per_class: int | None = None) -> Seen:
    """Run a network over the first so many images of each class; null for all of them."""
    counts: Counter[int] = Counter()
    start, found, rows, labels = 0, [], [], []
    with torch.no_grad(), eval_mode(network):
        for images, their_labels in batches():
            wanted = _first_of_each(their_labels.tolist(), counts, per_class)
            if wanted:
                read = features(network, images[wanted]).double()
                found.append(functional.normalize(read, dim=1).cpu().numpy())
                rows.append(np.array(wanted) + start)
                labels.append(their_labels[wanted].cpu().numpy())
            start += len(their_labels)
    every, label = np.concatenate(found), np.concatenate(labels)
    classes = np.unique(label)
    means = np.stack([every[label == one].mean(axis=0) for one in classes])
    return Seen(classes, means, np.concatenate(rows), label)


def _first_of_each(labels: Sequence[int], counts: Counter[int], most: int | None) -> list[int]:
    """Return places of images of which there were fewer than `most` of their class; count them."""
    wanted = []
    for place, label in enumerate(labels):
        if most is None or counts[label] < most:
            counts[label] += 1
            wanted.append(place)
    return wanted


METHOD = Method(
    name="wealthadapt",
    title="WealthAdapt: A General Network Adaptation Framework for Small Data Tasks",
    source="Liu, Guo, Chen 2019, doi 10.1145/3343031.3351035",
    score=activation.SCORE,
    allocation=priority,
    needs="source: labelled images of the source task",
    section=WEALTH,
    joint=Joint(
        choose=choose_companions,
        label=_label,
        weight=lambda settings, round_number: WEALTH.of(settings).weight_of(round_number),
    ),
)
