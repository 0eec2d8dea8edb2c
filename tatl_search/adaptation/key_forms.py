"""How settings enter the keys of stages: as today, and as in sweeps of older versions.

A sweep keeps the form it was launched with, so that a newer version finds all that it stored.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tatl_search.adaptation.stages import CODE_VERSION
from tatl_search.config import AdaptationConfig, Decides, Settings, deciding, digest_of

FULL_KEYS = 2
"""The last version whose keys held all settings, those at their defaults too."""

TRAINING = """
    epochs batch_size optimizer learning_rate momentum weight_decay schedule label_smoothing
    sparsity clip_norm amp
"""
FULL_NAMES: Mapping[str, str] = {
    "NetworkSettings": "name weights",
    "AugmentSettings": """
        crop shift min_scale max_aspect flip brightness contrast saturation hue erase mixup cutmix
    """,
    "TrainingSettings": TRAINING,
    "RetrainSettings": f"{TRAINING} distillation_weight distillation_temperature",
}
"""The settings there were then; of the other classes all that there are."""


@dataclass(frozen=True)
class KeyForm:
    """How settings enter the keys of a sweep's stages.

    Attributes:
        version: of the code that launched the sweep; enters every key.
        told: what enters of one section.
        root: what enters the key of a first fine-tuning, of all sections.
    """

    version: int
    told: Callable[[Settings], Mapping[str, Any]]
    root: Callable[[AdaptationConfig], Mapping[str, Any]]

    def label(self, section: Settings) -> str:
        """Return a short name of a section's content."""
        return digest_of(self.told(section))[:16]


def key_form(version: int) -> KeyForm:
    """Return the form of keys of a sweep that this version of the code launched."""
    if version <= FULL_KEYS:
        return KeyForm(version, _full, _full_root)
    return KeyForm(version, Settings.differing, _deciding_root)


def _deciding_root(config: AdaptationConfig) -> Mapping[str, Any]:
    learnt = config.model_copy(update={"data": config.training_data, "source": None})
    return {"settings": deciding(learnt, Decides.NETWORK | Decides.ROOT)}


def _full_root(config: AdaptationConfig) -> Mapping[str, Any]:
    return {
        "seed": config.seed,
        "network": _full(config.network),
        "augmentation": _full(config.training_data.augment),
        "class_weights": config.training_data.class_weights,
        "training": _full(config.finetune),
    }


def _full(section: Settings) -> Mapping[str, Any]:
    names = FULL_NAMES.get(type(section).__name__)
    return section.model_dump(mode="json", include=set(names.split()) if names else None)


TODAY = key_form(CODE_VERSION)
"""The form of new sweeps."""
