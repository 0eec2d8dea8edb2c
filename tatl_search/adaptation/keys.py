"""Keys of stages: two settings that lead to the same network share the key, and so the work.

What counts is which units went, not the settings that chose them, and how training was done.
Criteria of stopping are left out: a longer run continues a shorter one. Settings enter as far as
they differ from their first defaults, so that a new setting leaves all keys as they are.
"""

import hashlib
from collections.abc import Mapping
from typing import Any

from tatl_search.adaptation.key_forms import TODAY, KeyForm
from tatl_search.config import (
    NAMED_WEIGHTS,
    AdaptationConfig,
    NetworkSettings,
    RetrainSettings,
    TrainingSettings,
    digest_of,
)
from tatl_search.core.plan import PrunePlan
from tatl_search.files import checksum
from tatl_search.nets.own import source_digest
from tatl_search.paths import user_path


def root_key(
    config: AdaptationConfig,
    fingerprint: str,
    threads: int,
    device_type: str,
    form: KeyForm = TODAY,
) -> str:
    """Return the key of the first fine-tuning.

    Args:
        config: settings of the adaptation.
        fingerprint: of the target data, and of the source's where the network learns it.
        threads: torch threads; they change the order of sums, and so the last bits.
        device_type: `cpu` or `cuda`.
        form: of the sweep's keys.
    """
    return _digest(
        form,
        {
            **form.root(config),
            "weights_file": _file_digest(config.network.weights),
            **_code_of(config.network),
            "data": fingerprint,
            "threads": threads,
            "device": device_type,
        },
    )


def pretrained_key(
    config: AdaptationConfig,
    fingerprint: str,
    threads: int,
    device_type: str,
    form: KeyForm = TODAY,
) -> str:
    """Return the key of the pre-trained network before anything is trained.

    All stages that grow from it have what decides their training, but for `retrain`, from here.

    Args:
        config: settings of the adaptation.
        fingerprint: as for the first fine-tuning.
        threads: torch threads that statistics are read with.
        device_type: `cpu` or `cuda`.
        form: of the sweep's keys.
    """
    untrained = config.model_copy(update={"finetune": TrainingSettings()})
    return _digest(
        form, {"pretrained": root_key(untrained, fingerprint, threads, device_type, form)}
    )


def round_key(
    parent: str,
    config: AdaptationConfig,
    plan: PrunePlan,
    threads: int,
    compensation: str | None = None,
    companions: str | None = None,
    form: KeyForm = TODAY,
) -> str:
    """Return the key of the round that prunes `plan` from the stage `parent` and retrains.

    Args:
        parent: key of the stage that is pruned.
        config: settings of the adaptation.
        plan: what goes.
        threads: torch threads.
        compensation: what else is done to the network at its removal; null for nothing.
        companions: what else is learnt besides the target; null for nothing.
        form: of the sweep's keys.
    """
    return _digest(
        form,
        {
            "parent": parent,
            "pruned": {group: list(units) for group, units in sorted(plan.pruned_sets().items())},
            "training": form.told(config.retrain),
            "threads": threads,
            "compensation": compensation,
            "companions": companions,
        },
    )


def further_key(
    parent: str,
    settings: RetrainSettings,
    fingerprint: str,
    threads: int,
    teacher: str | None,
    form: KeyForm = TODAY,
) -> str:
    """Return the key of the stage that trains the stage `parent` further, nothing pruned.

    Args:
        parent: key of the stage that is trained.
        settings: how.
        fingerprint: of the images it learns.
        threads: torch threads.
        teacher: key of the stage whose outputs it follows; null for none.
        form: of the sweep's keys.
    """
    return _digest(
        form,
        {
            "further": parent,
            "training": form.told(settings),
            "data": fingerprint,
            "threads": threads,
            "teacher": teacher,
        },
    )


def seed_of(sweep_seed: int, key: str) -> int:
    """Return the seed of a stage's random numbers, from the sweep's seed and the stage's key."""
    digest = hashlib.sha256(f"{sweep_seed}:{key}".encode()).digest()
    return int.from_bytes(digest[:8]) >> 1


def _digest(form: KeyForm, content: Mapping[str, Any]) -> str:
    return digest_of({"code": form.version, **content})[:40]


def _code_of(network: NetworkSettings) -> Mapping[str, str]:
    """Return what stands in a key for a network that the user's own code makes."""
    digest = source_digest(network.name, network.arguments)
    return {} if digest is None else {"network_code": digest}


def _file_digest(weights: str | None) -> str | None:
    if weights is None or weights in NAMED_WEIGHTS:
        return None
    path = user_path(weights, "network.weights")
    return checksum(path) if path.is_file() else None
