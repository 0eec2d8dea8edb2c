"""What one adaptation works with, and the two pieces of training it is made of."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tatl_search.adaptation.keys import root_key, round_key, seed_of
from tatl_search.adaptation.stages import Stage, StageMetrics, StageStore
from tatl_search.config import AdaptationConfig, TrainingSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING
from tatl_search.data.batches import (
    InputForm,
    evaluation_batches,
    steps_per_epoch,
    training_batches,
)
from tatl_search.data.class_weights import balanced_weights
from tatl_search.data.target import Split, TargetData
from tatl_search.methods.context import Context, Learnt, Scores
from tatl_search.methods.method import Score
from tatl_search.methods.registry import find_method
from tatl_search.nets.batchnorm import reestimate
from tatl_search.nets.cost import cost_model, count_macs, count_parameters, size_bytes
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.finetune import TrainingReport, train
from tatl_search.nets.groups import find_groups
from tatl_search.nets.latency import LatencyTable
from tatl_search.nets.structure import load_network, save_network
from tatl_search.nets.surgery import prune
from tatl_search.nets.threads import torch_threads
from tatl_search.nets.zoo import LoadedNetwork, build, channels_last

EVALUATION_BATCH = 128

Batches = Callable[[], Iterator[tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class Workbench:
    """Everything one adaptation works with.

    Attributes:
        config: what to compute.
        target: the target task's images.
        store: where stages are kept.
        owner: who pays for the stages that this adaptation is the first to ask for.
        device: `cpu` or `cuda`.
        threads: torch threads of a round.
        root_threads: torch threads of the first fine-tuning, which may have a node to itself.
        latency: per-layer times measured beforehand on the idle device; null gives no estimate.
    """

    config: AdaptationConfig
    target: TargetData
    store: StageStore
    owner: str
    device: str = "cpu"
    threads: int = 1
    root_threads: int = 1
    latency: LatencyTable | None = None

    def network_of(self, stage: Stage) -> LoadedNetwork:
        """Return a stage's network, read from the store, on the device and in channels-last."""
        network, _, _ = load_network(stage.folder)
        self._place(network.module)
        return network

    def training_images(self, network: LoadedNetwork) -> Batches:
        """Return a factory of batches of the training images as they are, for statistics."""
        return self._unchanged(self.target.train, network)

    def validation_images(self, network: LoadedNetwork) -> Batches:
        """Return a factory of batches of the validation images."""
        return self._unchanged(self.target.val, network)

    def context(self, network: LoadedNetwork, stage: Stage, root: Stage) -> Context:
        """Return what a method may see of a stage's network."""
        size = self.target.image_size
        groups = find_groups(network.module, size)
        return Context(
            module=network.module,
            groups=groups,
            cost=cost_model(network.module, groups, size),
            original_widths=root.metrics.widths,
            settings=self.config.prune,
            images=self.training_images(network),
            image_count=len(self.target.train),
            classes=len(self.target.class_names),
            seed=seed_of(self.config.seed, stage.key),
            root=partial(self._root_context, root),
            learn=partial(self._learn, root),
        )

    def scores(self, score: Score, context: Context, stage: Stage) -> Scores:
        """Return what a score says of a stage's network, computed once and kept beside it."""

        def compute() -> Learnt:
            found = score.run(context)
            arrays = {name: values.astype(np.float64) for name, values in found.by_group.items()}
            return Learnt(arrays, found.spent)

        found, computed = self.store.learnt(
            stage, f"score-{score.label(context.settings)}", compute
        )
        return Scores(found.arrays, found.spent if computed else NOTHING)

    def _root_context(self, root: Stage) -> Context:
        return self.context(self.network_of(root), root, root)

    def _learn(self, root: Stage, name: str, compute: Callable[[Context], Learnt]) -> Learnt:
        """Return what was learnt on the unpruned network; it costs only whoever learns it."""
        found, computed = self.store.learnt(root, name, lambda: compute(self._root_context(root)))
        return found if computed else Learnt(found.arrays)

    def first_fine_tuning(self) -> Stage:
        """Fine-tune the pre-trained network on the target: the stage all rounds grow from."""
        key = root_key(self.config, self.target.fingerprint, self.root_threads, self.device)
        return self.store.get_or_compute(key, self.owner, partial(self._compute_root, key))

    def prune_and_retrain(self, parent: Stage, root: Stage, plan: PrunePlan) -> Stage:
        """Remove the plan's units physically from the parent's network and fine-tune it."""
        compensation = find_method(self.config.prune).compensation(self.config.prune)
        key = round_key(parent.key, self.config, plan, self.threads, compensation)
        compute = partial(self._compute_round, key, parent, root, plan)
        return self.store.get_or_compute(key, self.owner, compute)

    def _compute_root(self, key: str, folder: Path) -> StageMetrics:
        started = time.perf_counter()
        with torch_threads(self.root_threads):
            torch.manual_seed(seed_of(self.config.seed, key))
            network = build(
                self.config.network, len(self.target.class_names), self.target.image_size
            )
            self._place(network.module)
            report = self._train(network, self.config.finetune, key, teacher=None)
            return self._finish(folder, network, report, started)

    def _compute_round(
        self, key: str, parent: Stage, root: Stage, plan: PrunePlan, folder: Path
    ) -> StageMetrics:
        started = time.perf_counter()
        torch.manual_seed(seed_of(self.config.seed, key))
        network = self.network_of(parent)
        context = self.context(network, parent, root)
        if compensate := find_method(self.config.prune).compensate:
            compensate(context, plan)
        prune(network.module, context.groups, plan)
        self._place(network.module)
        distils = self.config.retrain.distillation_weight > 0
        teacher = self.network_of(root).module if distils else None
        report = self._train(network, self.config.retrain, key, teacher)
        return self._finish(folder, network, report, started)

    def _train(
        self,
        network: LoadedNetwork,
        settings: TrainingSettings,
        key: str,
        teacher: nn.Module | None,
    ) -> TrainingReport:
        generator = torch.Generator().manual_seed(seed_of(self.config.seed, key))

        def epoch_batches(_: int) -> Iterator[tuple[Tensor, Tensor]]:
            return training_batches(
                self.target.train,
                settings.batch_size,
                self.config.data.augment,
                self._form(network),
                len(self.target.class_names),
                generator,
            )

        return train(
            network.module,
            epoch_batches,
            settings,
            steps_per_epoch(len(self.target.train), settings.batch_size),
            device=self.device,
            teacher=teacher,
            class_weights=self._class_weights(),
        )

    def _finish(
        self, folder: Path, network: LoadedNetwork, report: TrainingReport, started: float
    ) -> StageMetrics:
        """Re-estimate batch-norm, evaluate, store the network and say what it costs."""
        module, size = network.module, self.target.image_size
        reestimated = reestimate(module, self.training_images(network)())
        evaluation = evaluate(module, self.validation_images(network)())
        save_network(folder, network, self.target.class_names, size)
        return StageMetrics(
            accuracy=evaluation.accuracy,
            loss=evaluation.loss,
            val_images=evaluation.images,
            macs=count_macs(module, size),
            parameters=count_parameters(module),
            size_bytes=size_bytes(module),
            widths={group.name: group.width for group in find_groups(module, size)},
            images_trained=report.images_trained,
            images_forward=report.images_forward + reestimated + evaluation.images,
            seconds=time.perf_counter() - started,
            device=_device_name(self.device),
        )

    def _form(self, network: LoadedNetwork) -> InputForm:
        return InputForm(self.target.image_size, network.preprocessing, self.device)

    def _unchanged(self, split: Split, network: LoadedNetwork) -> Batches:
        return partial(evaluation_batches, split, EVALUATION_BATCH, self._form(network))

    def _class_weights(self) -> Tensor | None:
        if self.config.data.class_weights == "none":
            return None
        return balanced_weights(self.target.train.labels, len(self.target.class_names))

    def _place(self, module: nn.Module) -> None:
        channels_last(module.to(self.device))


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device.startswith("cuda") else "cpu"
