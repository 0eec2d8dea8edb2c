"""How many trials share a GPU: measured once, when a sweep is launched."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import ray
import torch
from ray.exceptions import RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from tatl_search.adaptation.workbench import EVALUATION_BATCH
from tatl_search.config import NetworkSettings, RetrainSettings, SweepSettings, TrainingSettings
from tatl_search.config.base import Settings
from tatl_search.errors import InfeasibleError, InputError, RunError
from tatl_search.nets.footprint import measure_footprint
from tatl_search.nets.zoo import build
from tatl_search.search.cluster import first_done
from tatl_search.search.preflight import NetworkCheck
from tatl_search.search.variants import trainings
from tatl_search.space import SearchSpace

STEPS_OF_RAY = 10_000
"""Ray counts shares of a GPU in so many parts."""

logger = logging.getLogger(__name__)


class Sample(Settings):
    """One network to be measured, with the most that trials ask of it at once."""

    network: NetworkSettings
    classes: int
    image_size: int
    finetune: TrainingSettings
    retrain: RetrainSettings


def settled(space: SearchSpace, checks: Sequence[NetworkCheck]) -> SweepSettings:
    """Return a sweep's settings, `gpus_per_trial: auto` replaced by a share.

    Each network the space can choose is trained for some steps by the largest batches there can
    be, alone on one GPU of each type. The share lets as many trials onto the GPU on which fewest
    fit as fit there, but no more than its node has CPUs for. Without a GPU it is 0.

    Raises:
        InputError: there is no GPU, and the sweep's budget counts GPU-hours.
        RunError: what Ray calls a GPU cannot be used.
    """
    if space.sweep.gpus_per_trial != "auto":
        return space.sweep
    nodes = _one_node_of_each_type()
    if not nodes and space.sweep.budget.gpu_hours is not None:
        raise InputError(
            "sweep.gpus_per_trial is auto and there is no GPU here: sweep.budget.gpu_hours would"
            " never be used up; leave it out"
        )
    samples = [sample.model_dump(mode="json") for sample in _samples(space, checks)]
    at_once = [_trials_on(node, space.sweep, samples) for node in nodes]
    share = share_of(min(at_once)) if at_once else 0.0
    return space.sweep.model_copy(update={"gpus_per_trial": share})


def share_of(trials: int) -> float:
    """Return the share of a GPU by which Ray gives it to so many trials, and not to one fewer."""
    return STEPS_OF_RAY // trials / STEPS_OF_RAY


def measured(samples: Sequence[Mapping[str, Any]]) -> tuple[str, int]:
    """Return the name of this process's GPU and how many trials fit on it, as a Ray task."""
    at_once = []
    for sample in map(Sample.model_validate, samples):
        module = build(sample.network.unloaded, sample.classes, sample.image_size).module
        training = (sample.finetune, sample.retrain)
        try:
            found = measure_footprint(module, sample.image_size, training, EVALUATION_BATCH)
        except InfeasibleError:
            at_once.append(1)  # the trial will say so, as a result
        else:
            at_once.append(found.trials_at_once)
    return torch.cuda.get_device_name(), min(at_once)


def _samples(space: SearchSpace, checks: Sequence[NetworkCheck]) -> Iterator[Sample]:
    """Yield each network with its largest pieces of training."""
    configs = trainings(space)
    finetune = max((c.finetune for c in configs), key=lambda piece: piece.batch_size)
    retrain = max(
        (c.retrain for c in configs),
        key=lambda piece: (piece.distillation_weight > 0.0, piece.batch_size),
    )
    most = max(c.retrain.batch_size for c in configs)
    for check in checks:
        yield Sample(
            network=check.config.network,
            classes=len(check.target.class_names),
            image_size=check.target.image_size,
            finetune=finetune,
            retrain=retrain.model_copy(update={"batch_size": most}),
        )


def _one_node_of_each_type() -> list[Mapping[str, Any]]:
    """Return living nodes with a GPU, one of each type that Ray tells apart."""
    nodes = ray.nodes()  # type: ignore[no-untyped-call]
    by_type = {
        tuple(sorted(name for name in node["Resources"] if name.startswith("accelerator_type"))): (
            node
        )
        for node in nodes
        if node["Alive"] and node["Resources"].get("GPU", 0.0) >= 1.0
    }
    return list(by_type.values())


def _trials_on(
    node: Mapping[str, Any], sweep: SweepSettings, samples: Sequence[Mapping[str, Any]]
) -> int:
    """Return how many trials may share each GPU of a node."""
    whole = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    task = ray.remote(measured).options(
        num_cpus=1, num_gpus=1, scheduling_strategy=whole, max_retries=0
    )
    try:
        name, fit = ray.get(first_done([task.remote(samples)], "the same command"))
    except RayError as error:
        raise RunError(
            f"sweep.gpus_per_trial: auto could not measure the GPU of {node['NodeManagerAddress']}"
            f" ({error}). Give a share, such as 0.25, or 0 to train on CPUs."
        ) from error
    gpus, cpus = node["Resources"]["GPU"], node["Resources"].get("CPU", 0.0)
    trials = max(1, min(fit, int(cpus // sweep.cpus_per_trial // gpus)))
    logger.info("%s: %d trials fit, %d run on each", name, fit, trials)
    return trials
