"""The recipe: how images of some kind are adapted to, and what around that is searched.

Only arithmetic: facts in, settings out, as a YAML file would hold them. Lengths are thought of in
steps, since few images need as many of them as more do, and written in epochs. Resolution by the
size of the images, steps by their number and no augmentation that needs to be chosen follow
BiT-HyperRule (Kolesnikov et al. 2020, arXiv 1912.11370); the numbers are those of small networks on
CPUs and were measured (`benchmarks/RESULTS.md`).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tatl_search.newcomer.facts import Facts

SMALL_SIDES, MIDDLE_SIDES, LARGE_SIDES = (64, 48, 32), (96, 64, 48), (128, 96, 64)
"""Inputs in pixels of small images, which are enlarged; of middling ones; and of photographs."""

SMALL, LARGE = 40, 96
"""Greatest side of small images and least one of photographs, in pixels (BiT: 96)."""

SMALLEST = 16
"""Least input in pixels."""

FEW = 256
"""Training images below which batches are half as large."""

FIRST_STEPS, ROUND_STEPS, FINISH_STEPS = 150, 80, 80
"""Optimiser steps of a first fine-tuning, of a round and of a piece of finishing."""

LEAST_IMAGES, TRIALS = 60_000, 15
"""A search trains so many images, or as many as so many middling trials where that is more."""

MOST_TRIALS = 1000
"""More than any budget of images holds: it is what ends a search."""

IMBALANCE = 5.0
"""So many times more images in the largest class than in the smallest: losses are weighted."""

_SIDED = frozenset({"left", "right", "clockwise", "counterclockwise", "anticlockwise", "mirrored"})
EMBEDDED = "timm/tf_efficientnet_lite0"


@dataclass(frozen=True)
class Given:
    """What somebody has settled of what the recipe would decide.

    Attributes:
        image_sizes: inputs in pixels, the largest first; empty where none are given.
        storage_size: side of the images that are kept; null where none is given.
        network: another network than the default.
        length: whether trials or a budget are given.
    """

    image_sizes: tuple[int, ...] = ()
    storage_size: int | None = None
    network: str | None = None
    length: bool = False


def compose(facts: Facts, given: Given = Given()) -> dict[str, Any]:
    """Return a search over how to adapt to images: sections of settings, as a file holds them."""
    sides = input_sides(facts, given)
    batch = batch_size(facts.images)
    first, each, finish = (
        epochs(steps, batch, facts.images) for steps in (FIRST_STEPS, ROUND_STEPS, FINISH_STEPS)
    )
    baselines = _baselines(facts, given, sides)
    return {
        "data": _data(facts, given, sides),
        "network": {"name": EMBEDDED, "weights": "embedded"},
        "finetune": {"epochs": first, "batch_size": batch, "learning_rate": 0.05},
        "prune": {
            "rate": {"low": 0.3, "high": 0.9},
            "rate_of": "macs",
            "method": {
                "choices": {
                    "activation": {"allocation": {"choices": ["uniform", "global"]}},
                    "l2": {"allocation": {"choices": ["uniform", "global"]}},
                    "tatl": {"threshold": {"low": 0.6, "high": 0.95}},
                }
            },
        },
        "retrain": {
            "epochs": _around(each),
            "batch_size": batch,
            "learning_rate": {"low": 0.003, "high": 0.3, "log": True},
        },
        "stop": {
            "max_rounds": 10,
            "target_macs_share": {"low": 0.01, "high": 0.5, "log": True},
        },
        "finish": {"epochs": _around(finish)},
        "sweep": _sweep(facts, given, first + 4 * each + finish, prior(facts, sides)),
        **({"baselines": baselines} if baselines else {}),
    }


def epochs(steps: int, batch: int, images: int) -> int:
    """Return the passes over the images that come closest to some steps; one at least."""
    return max(1, round(steps * batch / images))


def batch_size(images: int) -> int:
    """Return the images of a step."""
    return min(images, 32 if images >= FEW else 16)


def input_sides(facts: Facts, given: Given = Given()) -> tuple[int, ...]:
    """Return the inputs in pixels among which is searched, the largest first.

    Images that are packed, or kept at a size that somebody gave, are only cut to smaller ones and
    not scaled: then there is one.
    """
    if given.image_sizes:
        return given.image_sizes
    if facts.fixed_side is not None:
        return (facts.fixed_side,)
    if facts.median_side <= SMALL:
        sides = SMALL_SIDES
    else:
        sides = MIDDLE_SIDES if facts.median_side < LARGE else LARGE_SIDES
    return sides if given.storage_size is None else (min(sides[0], given.storage_size),)


def may_flip(facts: Facts) -> bool:
    """Return whether a mirrored image is still of its class, as far as can be told.

    Characters are not to be mirrored, nor is what has a left and a right. So images have to have
    colours, and most classes names of words, none of which speaks of a side: digits, letters and
    numbered classes may be anything.
    """
    words = [set(re.findall(r"[^\W\d_]{3,}", name.casefold())) for name in facts.class_names]
    named = 2 * sum(map(bool, words)) > len(words)
    return named and not facts.is_grey and not any(found & _SIDED for found in words)


def prior(facts: Facts, sides: Sequence[int]) -> list[dict[str, Any]]:
    """Return settings of first trials that are known to be good, the best first."""
    batch = batch_size(facts.images)
    each, finish = (epochs(steps, batch, facts.images) for steps in (ROUND_STEPS, FINISH_STEPS))
    size = {"data": {"image_size": sides[0]}} if len(sides) > 1 else {}
    return [
        {
            **size,
            "prune": {"rate": rate, "method": "activation", "allocation": "uniform"},
            "retrain": {"epochs": each, "learning_rate": rate_of_learning},
            "stop": {"target_macs_share": share},
            "finish": {"epochs": finish},
        }
        for rate, share, rate_of_learning in ((0.78, 0.01, 0.05), (0.6, 0.05, 0.04))
    ]


def _data(facts: Facts, given: Given, sides: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"image_size": sides[0]}
    if len(sides) > 1:
        found["image_size"] = {"choices": list(sides)}
    if facts.fixed_side not in (None, sides[0]) and given.storage_size is None:
        found["storage_size"] = facts.fixed_side
    found["augment"] = {"flip": may_flip(facts)}
    if facts.imbalance >= IMBALANCE:
        found["class_weights"] = "balanced"
    return found


def _around(length: int) -> Any:
    """Return the lengths that are searched: half, once and twice as long."""
    lengths = sorted({max(1, length // 2), length, 2 * length})
    return {"choices": lengths}


def _baselines(facts: Facts, given: Given, sides: Sequence[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"image_size": side} for side in _smaller(facts, given, sides)]
    if given.network not in (None, EMBEDDED):
        found.append({"network": {"name": EMBEDDED, "weights": "embedded"}})
    return found


def _smaller(facts: Facts, given: Given, sides: Sequence[int]) -> list[int]:
    """Return inputs below the largest, in pixels; none where images are cut and not scaled."""
    if facts.fixed_side is not None or given.storage_size is not None:
        return []
    if len(sides) > 1:
        return list(sides[1:])
    return [side for part in (3, 2) if (side := part * sides[0] // 4) >= SMALLEST]


def _sweep(
    facts: Facts, given: Given, length: int, first: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    found: dict[str, Any] = {"trials": MOST_TRIALS, "start": {"settings": list(first)}}
    if not given.length:
        images = max(LEAST_IMAGES, TRIALS * length * facts.images)
        found["budget"] = {"images_trained": images}
    return found
