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
from typing import Any, NamedTuple

from tatl_search.config import is_own
from tatl_search.config.data import LEAST_SIDE
from tatl_search.newcomer.facts import Facts

SMALL_SIDES, MIDDLE_SIDES, LARGE_SIDES = (64, 48, 32), (96, 64, 48), (128, 96, 64)
"""Inputs in pixels of small images, which are enlarged; of middling ones; and of photographs."""

SMALL, LARGE = 64, 96
"""Greatest side of small images and least one of photographs, in pixels (BiT: 96)."""

LEAST_BATCH, MOST_BATCH, STEPS_OF_AN_EPOCH = 16, 64, 50
"""Images of a step: a fiftieth of all within these. At equal images more and smaller steps
were better: 20 images instead of 50 gave 1 to 4 points of accuracy."""

SHORT_STEPS, LONG_STEPS, FINISH_STEPS = 100, 200, 400
"""Optimiser steps of a round on the way, of a first fine-tuning or a round by itself, and of the
finishing of a last network."""

LEAST_IMAGES, TRIALS = 80_000, 8
"""A search trains so many images, or as many as so many trials with finishing where that is
more."""

MOST_TRIALS = 1000
"""More than any budget of images holds: it is what ends a search."""

RATE, EXPONENT = 0.04, 0.2
"""Learning rate of a network with all of its MACs, and how it rises for smaller ones: 0.1 at a
hundredth."""

FLOORS = {"min_filters": 1, "min_keep": 0.01}
"""A network with a hundredth of the MACs keeps a tenth of each group: floors of 4 units in the
first, narrow groups would leave next to nothing to the others."""


class Cuts(NamedTuple):
    """A first trial that cuts the pre-trained network.

    Attributes:
        side: the place of its input among those that are searched, the largest being 0.
        rounds: cuts on the way.
        share: of the MACs that the last one leaves.
    """

    side: int
    rounds: int
    share: float


PRIOR = (Cuts(0, 2, 0.01), Cuts(0, 1, 0.1), Cuts(0, 2, 0.03), Cuts(0, 1, 0.3), Cuts(1, 2, 0.03))
"""First trials, the best first: every one is finished. The first gives a front over two decades of
MACs, since a tenth and a hundredth are on its way; what is cut to a hundredth from there is better
than what is cut at once."""

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
        rate: whether cuts go by a rate, and not by the number of rounds to a target.
    """

    image_sizes: tuple[int, ...] = ()
    storage_size: int | None = None
    network: str | None = None
    length: bool = False
    rate: bool = False


def compose(facts: Facts, given: Given = Given()) -> dict[str, Any]:
    """Return a search over how to adapt to images: sections of settings, as a file holds them."""
    sides = input_sides(facts, given)
    batch = batch_size(facts.images)
    short, each, last = lengths(facts.images)
    baselines = _baselines(facts, given, sides)
    return {
        "start": {"choices": ["pretrained", "finetuned"]},
        "data": _data(facts, given, sides),
        "network": _network(given),
        "finetune": {"epochs": each, "batch_size": batch, "learning_rate": RATE},
        "prune": {
            **({} if given.rate else {"rounds": {"low": 1, "high": 10, "log": True}}),
            "rate_of": "macs",
            **FLOORS,
            "method": {
                "choices": {
                    "activation": {"allocation": {"choices": ["uniform", "global"]}},
                    "l2": {"allocation": {"choices": ["uniform", "global"]}},
                    "tatl": {"threshold": {"low": 0.6, "high": 0.95}},
                }
            },
        },
        "retrain": {
            "epochs": {"choices": sorted({short, each, 2 * each})},
            "batch_size": batch,
            "learning_rate": {"low": 0.003, "high": 0.3, "log": True},
            "learning_rate_exponent": {"choices": [0.0, EXPONENT]},
        },
        "stop": {
            "max_rounds": 10,
            "target_macs_share": {"low": 0.01, "high": 0.5, "log": True},
        },
        "finish": {"epochs": {"choices": [0, *sorted({each, last})]}},
        "sweep": _sweep(facts, given, sides),
        **({"baselines": baselines} if baselines else {}),
    }


class Lengths(NamedTuple):
    """Epochs: of a round on the way, of training by itself, and of a finishing."""

    short: int
    long: int
    finish: int


def lengths(images: int) -> Lengths:
    """Return how long pieces of training are on so many images."""
    batch = batch_size(images)
    steps = (SHORT_STEPS, LONG_STEPS, FINISH_STEPS)
    return Lengths(*(epochs(each, batch, images) for each in steps))


def epochs(steps: int, batch: int, images: int) -> int:
    """Return the passes over the images that come closest to some steps; one at least."""
    return max(1, round(steps * batch / images))


def batch_size(images: int) -> int:
    """Return the images of a step."""
    return min(images, MOST_BATCH, max(LEAST_BATCH, images // STEPS_OF_AN_EPOCH))


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
    return [_trial(facts, sides[cuts.side], cuts) for cuts in PRIOR if cuts.side < len(sides)]


def _trial(facts: Facts, side: int, cuts: Cuts) -> dict[str, Any]:
    short, each, last = lengths(facts.images)
    return {
        "start": "pretrained",
        "data": {"image_size": side, "augment": {"crop": "none"}},
        "prune": {"rounds": cuts.rounds, "method": "activation", "allocation": "uniform"},
        "retrain": {
            "epochs": each if cuts.rounds == 1 else short,
            "learning_rate": RATE,
            "learning_rate_exponent": EXPONENT,
        },
        "stop": {"target_macs_share": cuts.share},
        "finish": {"epochs": last},
    }


def _data(facts: Facts, given: Given, sides: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {"image_size": sides[0]}
    if len(sides) > 1:
        found["image_size"] = {"choices": list(sides)}
    if facts.fixed_side is not None and sides[0] < facts.fixed_side:
        found["storage_size"] = facts.fixed_side
    found["augment"] = {"crop": {"choices": ["none", "shift"]}, "flip": may_flip(facts)}
    if facts.imbalance >= IMBALANCE:
        found["class_weights"] = "balanced"
    return found


def _network(given: Given) -> dict[str, Any]:
    """Return the network with weights at hand; one of the user's own is taken as it is made."""
    if given.network is not None and is_own(given.network):
        return {"name": given.network}
    return {"name": EMBEDDED, "weights": "embedded"}


def _baselines(facts: Facts, given: Given, sides: Sequence[int]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [{"image_size": side} for side in _smaller(facts, given, sides)]
    if given.network not in (None, EMBEDDED):
        found.append({"network": {"name": EMBEDDED, "weights": "embedded"}})
    last = lengths(facts.images).finish
    return [{**baseline, "epochs": last} for baseline in found]


def _smaller(facts: Facts, given: Given, sides: Sequence[int]) -> list[int]:
    """Return inputs below the largest, in pixels; none where images are cut and not scaled."""
    if facts.fixed_side is not None or given.storage_size is not None:
        return []
    if len(sides) > 1:
        return list(sides[1:])
    return [side for part in (3, 2) if (side := part * sides[0] // 4) >= LEAST_SIDE]


def _sweep(facts: Facts, given: Given, sides: Sequence[int]) -> dict[str, Any]:
    found: dict[str, Any] = {
        "trials": MOST_TRIALS,
        "start": {"settings": prior(facts, sides)},
    }
    if not given.length:
        short, _, last = lengths(facts.images)
        images = TRIALS * (2 * short + last) * facts.images
        found["budget"] = {"images_trained": max(LEAST_IMAGES, images)}
    return found
