"""Retraining on target and source images together."""

from collections.abc import Iterator

import torch

from tatl_search.adaptation.key_forms import KeyForm
from tatl_search.config import AdaptationConfig, AugmentSettings, digest_of
from tatl_search.data.batches import Batch, InputForm, training_batches
from tatl_search.data.target import Split
from tatl_search.methods.companions import Companions, Joint


def companions_label(
    joint: Joint, config: AdaptationConfig, fingerprint: str, round_number: int, form: KeyForm
) -> str:
    """Return a name of all that decides what a round learns besides the target."""
    assert config.source is not None
    return digest_of(
        {
            "choice": joint.label(config.prune),
            "weight": joint.weight(config.prune, round_number),
            "source": fingerprint,
            "augmentation": form.told(config.source.augment),
        }
    )


def companion_batches(
    source: Split,
    companions: Companions,
    steps: int,
    augment: AugmentSettings,
    form: InputForm,
    generator: torch.Generator,
) -> Iterator[Batch]:
    """Make batches without end, all of the images in at most so many steps.

    Args:
        source: the source's training split.
        companions: which of its images, and their labels.
        steps: steps of an epoch over the target.
        augment: how the images vary.
        form: what the network is fed.
        generator: the only source of randomness.
    """
    split = Split(source.images, source.rows[companions.rows], companions.labels)
    size = max(2, -(-len(split) // steps))
    while True:
        yield from training_batches(split, size, augment, form, companions.classes, generator)
