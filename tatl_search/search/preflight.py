"""What is checked and measured before anything runs, so that bad input costs nothing."""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import torch
from torch import nn

from tatl_search.adaptation.lessons import lessons
from tatl_search.config import AdaptationConfig, Decides
from tatl_search.data.batches import InputForm, steps_per_epoch, training_batches
from tatl_search.data.sources import load_target
from tatl_search.data.target import TargetData
from tatl_search.errors import InputError, TatlError
from tatl_search.figures import MACS, PARAMETERS, SIZE_BYTES, Figure
from tatl_search.methods.registry import find_method
from tatl_search.nets.cost import count_macs, count_parameters, size_bytes
from tatl_search.nets.finetune import train
from tatl_search.nets.groups import find_groups
from tatl_search.nets.latency import LatencyTable, measure
from tatl_search.nets.reasons import first_line
from tatl_search.nets.support import check_supported
from tatl_search.nets.zoo import LoadedNetwork, build
from tatl_search.printable import printable
from tatl_search.search.method_checks import check_methods
from tatl_search.search.variants import COMBINATIONS, extremes, middle, trainings, variants
from tatl_search.space import SearchSpace

NOTES_SHOWN = 10

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class NetworkCheck:
    """One network on one target task, found fit to be searched over.

    Attributes:
        config: settings that lead to it.
        target: its images.
        network: itself, unpruned, with the target's head.
        costs: per cost objective.
        latency: per-layer times on this machine, measured while nothing else runs.
    """

    config: AdaptationConfig
    target: TargetData
    network: LoadedNetwork
    costs: Mapping[Figure, float]
    latency: LatencyTable


def check_networks(space: SearchSpace, cache: Path | None, threads: int) -> list[NetworkCheck]:
    """Open the data and build the network of every combination the space can choose.

    Of inputs that are searched over a range, those are the smallest and the largest.

    What people should know of the data, such as images that cannot be read, is logged.

    Args:
        space: the search space.
        cache: where decoded images are kept; null keeps them in memory.
        threads: torch threads of a trial, at which latency is measured.

    Raises:
        InputError: the data cannot be used, a batch is larger than the set, a network is
            unknown, does not fit the images, or cannot be pruned, or a method lacks what it
            needs.
    """
    torch.set_num_threads(threads)
    check_methods(space)
    checks = list[NetworkCheck]()
    for config in extremes(space, Decides.IMAGES | Decides.NETWORK):
        target = load_target(config.data, cache=cache)
        source = load_target(config.source, cache) if config.source else None
        _check_batches(space, len(lessons(config, target, source).train))
        # How channels are coupled does not hang on the size of the images.
        known = any(check.config.network == config.network for check in checks)
        checks.append(_check(config, target, threads, known))
        _check_scores(space, checks[-1].network.module, target.image_size)
    _check_baselines(space, cache, len(checks[0].target.class_names))
    _log_notes(checks)
    return checks


def _check_baselines(space: SearchSpace, cache: Path | None, classes: int) -> None:
    """Build the networks of baselines, and pack the images at their sizes.

    A worker's node may not see the images' folder.
    """
    config = middle(space)
    for baseline in space.sweep.baselines:
        size = baseline.image_size or config.data.image_size
        try:
            for data in {config.data, config.training_data}:
                load_target(data.at_size(size), cache)
            if baseline.network is not None:
                build(baseline.network, classes, size)
        except InputError as error:
            raise InputError(f"baseline {baseline.label}: {error}") from error


def baseline_times(
    space: SearchSpace, classes: int, threads: int
) -> dict[AdaptationConfig, LatencyTable]:
    """Return per-layer times of the networks of baselines, by settings that lead to them.

    Args:
        space: the search space.
        classes: of the target.
        threads: torch threads to measure with.
    """
    times = {}
    for baseline in space.sweep.baselines:
        config = middle(space)
        size = baseline.image_size or config.data.image_size
        network = baseline.network or config.network
        with _refused_if_it_breaks(network.label):
            table = measure(build(network, classes, size).module, size, threads)
        data = config.data.at_size(size)
        times[config.model_copy(update={"network": network, "data": data})] = table
    return times


def _check(config: AdaptationConfig, target: TargetData, threads: int, known: bool) -> NetworkCheck:
    size = target.image_size
    network = build(config.network, len(target.class_names), size)
    if not known:
        check_supported(network.module, size)
    with _refused_if_it_breaks(config.network.label):
        return NetworkCheck(
            config=config,
            target=target,
            network=network,
            costs={
                MACS: count_macs(network.module, size),
                PARAMETERS: count_parameters(network.module),
                SIZE_BYTES: size_bytes(network.module),
            },
            latency=measure(network.module, size, threads),
        )


@contextmanager
def _refused_if_it_breaks(name: str) -> Iterator[None]:
    """Turn whatever the layers of a foreign network throw into a refusal of that network."""
    try:
        yield
    except TatlError:
        raise
    except Exception as error:
        raise InputError(
            f"network: what {name} costs cannot be measured ({type(error).__name__}:"
            f" {first_line(error)}); choose another network"
        ) from error


def _check_scores(space: SearchSpace, module: nn.Module, image_size: int) -> None:
    """Raise InputError if a trial could score a network that offers nothing to score."""
    every = islice(variants(space, space.deciding(Decides.METHOD)), COMBINATIONS)
    checks = {find_method(config.prune).score.check for config in every} - {None}
    groups = find_groups(module, image_size) if checks else ()
    for check in filter(None, checks):
        check(module, groups)


def _check_batches(space: SearchSpace, images: int) -> None:
    """Raise InputError if a trial could ask for more images in a batch than there are."""
    configs = trainings(space)
    for section in ("finetune", "retrain"):
        largest = max(getattr(config, section).batch_size for config in configs)
        if largest > images:
            raise InputError(
                f"{section}.batch_size is {largest}, but there are only {images}"
                f" training images; set it to {images} or less"
            )


def _log_notes(checks: Sequence[NetworkCheck]) -> None:
    for note in dict.fromkeys(note for check in checks for note in check.network.notes):
        logger.warning("%s", printable(note))
    notes = list(dict.fromkeys(note for check in checks for note in check.target.notes))
    for note in notes[:NOTES_SHOWN]:
        logger.warning("data: %s", printable(note))
    if len(notes) > NOTES_SHOWN:
        logger.warning("data: and %d notes more", len(notes) - NOTES_SHOWN)


def reference_costs(checks: list[NetworkCheck]) -> dict[Figure, float]:
    """Return the greatest unpruned cost per objective: the hypervolume's reference point."""
    return {cost: max(check.costs[cost] for check in checks) for cost in checks[0].costs}


def training_speed(check: NetworkCheck, batches: int = 4) -> float:
    """Return images per second of training, measured on a few batches of this machine's CPU."""
    config, target = check.config, check.target
    settings = config.finetune.model_copy(update={"epochs": 1})
    few = list(
        zip(
            range(batches),
            training_batches(
                target.train,
                settings.batch_size,
                config.data.augment,
                InputForm(target.image_size, check.network.preprocessing, "cpu"),
                len(target.class_names),
                torch.Generator().manual_seed(0),
            ),
            strict=False,
        )
    )
    steps = min(len(few), steps_per_epoch(len(target.train.labels), settings.batch_size))
    started = time.perf_counter()
    report = train(
        check.network.module, lambda _: (batch for _, batch in few), settings, steps, device="cpu"
    )
    return report.images_trained / (time.perf_counter() - started)
