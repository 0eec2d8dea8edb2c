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

LEAST_BATCH, MOST_BATCH = 16, 50
"""Images of a step: a tenth of all within these."""

FIRST_STEPS, ROUND_STEPS = 120, 80
"""Optimiser steps of a first fine-tuning, and of a round or a finishing."""

LEAST_IMAGES, TRIALS = 60_000, 15
"""A search trains so many images, or as many as so many middling trials where that is more."""

MOST_TRIALS = 1000
"""More than any budget of images holds: it is what ends a search."""

CUTS = ((0, 0.1), (0, 0.03), (1, 0.1), (0, 0.01), (0, 0.3), (1, 0.03))
"""First trials that cut the pre-trained network once: the place of their input among those that are
searched, the largest being 0, and the share of the MACs that they leave."""

CUT_RATE, TRAJECTORY_RATE = 0.1, 0.04
"""Learning rates after one hard cut, and on a way of several wide ones."""

TRAJECTORY = (4, 0.01)
"""Cuts of the first trial that goes on from the fine-tuned network, and where they lead."""

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
    first, each = lengths(facts.images)
    baselines = _baselines(facts, given, sides)
    return {
        "start": {"choices": ["pretrained", "finetuned"]},
        "data": _data(facts, given, sides),
        "network": {"name": EMBEDDED, "weights": "embedded"},
        "finetune": {"epochs": first, "batch_size": batch, "learning_rate": 0.05},
        "prune": {
            "rounds": {"low": 1, "high": 10, "log": True},
            "rate_of": "macs",
            "min_keep": 0.02,
            "method": {
                "choices": {
                    "activation": {"allocation": {"choices": ["uniform", "global"]}},
                    "l2": {"allocation": {"choices": ["uniform", "global"]}},
                    "tatl": {"threshold": {"low": 0.6, "high": 0.95}},
                }
            },
        },
        "retrain": {
            "epochs": {"choices": sorted({max(1, each // 2), each, 2 * each})},
            "batch_size": batch,
            "learning_rate": {"low": 0.003, "high": 0.3, "log": True},
            "learning_rate_exponent": {"choices": [0.0, 0.25]},
        },
        "stop": {
            "max_rounds": 10,
            "target_macs_share": {"low": 0.01, "high": 0.5, "log": True},
        },
        "finish": {"epochs": {"choices": [0, each, 2 * each]}},
        "sweep": _sweep(facts, given, sides),
        **({"baselines": baselines} if baselines else {}),
    }


def lengths(images: int) -> tuple[int, int]:
    """Return the epochs of a first fine-tuning, and of a round or a finishing."""
    batch = batch_size(images)
    return epochs(FIRST_STEPS, batch, images), epochs(ROUND_STEPS, batch, images)


def epochs(steps: int, batch: int, images: int) -> int:
    """Return the passes over the images that come closest to some steps; one at least."""
    return max(1, round(steps * batch / images))


def batch_size(images: int) -> int:
    """Return the images of a step."""
    return min(images, MOST_BATCH, max(LEAST_BATCH, images // 10))


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
    cuts = [
        _trial(facts, sides[place], share, "pretrained", 1, CUT_RATE)
        for place, share in CUTS
        if place < len(sides)
    ]
    rounds, share = TRAJECTORY
    return [*cuts, _trial(facts, sides[0], share, "finetuned", rounds, TRAJECTORY_RATE)]


def _trial(
    facts: Facts, side: int, share: float, start: str, rounds: int, rate: float
) -> dict[str, Any]:
    return {
        "start": start,
        "data": {"image_size": side},
        "prune": {"rounds": rounds, "method": "activation", "allocation": "uniform"},
        "retrain": {
            "epochs": lengths(facts.images)[1],
            "learning_rate": rate,
            "learning_rate_exponent": 0.0,
        },
        "stop": {"target_macs_share": share},
        "finish": {"epochs": 0},
    }


def _data(facts: Facts, given: Given, sides: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"image_size": sides[0]}
    if len(sides) > 1:
        found["image_size"] = {"choices": list(sides)}
    if facts.fixed_side is not None and sides[0] < facts.fixed_side:
        found["storage_size"] = facts.fixed_side
    found["augment"] = {"flip": may_flip(facts)}
    if facts.imbalance >= IMBALANCE:
        found["class_weights"] = "balanced"
    return found


def _baselines(facts: Facts, given: Given, sides: Sequence[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"image_size": side} for side in _smaller(facts, given, sides)]
    if given.network not in (None, EMBEDDED):
        found.append({"network": {"name": EMBEDDED, "weights": "embedded"}})
    long = lengths(facts.images)[0]  # as long as the unpruned network at the largest input
    return [{**baseline, "epochs": long} for baseline in found]


def _smaller(facts: Facts, given: Given, sides: Sequence[int]) -> list[int]:
    """Return inputs below the largest, in pixels; none where images are cut and not scaled."""
    if facts.fixed_side is not None or given.storage_size is not None:
        return []
    if len(sides) > 1:
        return list(sides[1:])
    return [side for part in (3, 2) if (side := part * sides[0] // 4) >= SMALLEST]


def _sweep(facts: Facts, given: Given, sides: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trials": MOST_TRIALS,
        "start": {"settings": prior(facts, sides)},
    }
    if not given.length:
        first, each = lengths(facts.images)
        images = TRIALS * (first + 2 * each) * facts.images
        found["budget"] = {"images_trained": max(LEAST_IMAGES, images)}
    return found
