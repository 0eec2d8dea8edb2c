"""What one adaptation works with, and the two pieces of training it is made of."""

import math
import time
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from tatl_search.adaptation.following import Follower, Hear
from tatl_search.adaptation.joint import companion_batches, companions_label
from tatl_search.adaptation.key_forms import TODAY, KeyForm
from tatl_search.adaptation.keys import (
    further_key,
    pretrained_key,
    root_key,
    round_key,
    seed_of,
)
from tatl_search.adaptation.lessons import Lessons, lessons
from tatl_search.adaptation.stages import Stage, StageMetrics, StageStore, in_silence
from tatl_search.adaptation.wiring import Wiring, wiring_of
from tatl_search.config import AdaptationConfig, RetrainSettings, TrainingSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING, Spent
from tatl_search.data.batches import (
    Batch,
    InputForm,
    evaluation_batches,
    steps_per_epoch,
    training_batches,
)
from tatl_search.data.target import Split, TargetData
from tatl_search.figures import Evaluated, fields_of
from tatl_search.methods.companions import Companions
from tatl_search.methods.context import Context, Learnt, Scores, Source
from tatl_search.methods.method import Compensation, Score
from tatl_search.methods.registry import find_method
from tatl_search.nets.batchnorm import reestimate
from tatl_search.nets.cost import cost_model, count_parameters, size_bytes
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.finetune import TrainingReport, train
from tatl_search.nets.head import draw_head
from tatl_search.nets.latency import LatencyTable
from tatl_search.nets.second_task import SecondTask
from tatl_search.nets.structure import load_own_network, save_network
from tatl_search.nets.surgery import prune
from tatl_search.nets.threads import torch_threads
from tatl_search.nets.zoo import LoadedNetwork, build, channels_last

EVALUATION_BATCH = 128

UNTRAINED = Evaluated(accuracy=math.nan, loss=math.nan, val_images=0)
"""What is known of a network that was not evaluated."""

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
        source: the source task's images, for methods that look at them.
        alive: called with every batch, as a sign of life.
        key_form: of the sweep's keys.
        hear: told how the first fine-tuning gets on; null where nobody listens.
    """

    config: AdaptationConfig
    target: TargetData
    store: StageStore
    owner: str
    device: str = "cpu"
    threads: int = 1
    root_threads: int = 1
    latency: LatencyTable | None = None
    source: TargetData | None = None
    alive: Callable[[], None] = in_silence
    key_form: KeyForm = TODAY
    hear: Hear | None = None

    def network_of(self, stage: Stage) -> LoadedNetwork:
        """Return a stage's network, read from the store, on the device and in channels-last."""
        network = load_own_network(stage.folder)
        self._place(network.module)
        return network

    def wiring(self, stage: Stage, network: LoadedNetwork) -> Wiring:
        """Return how a stage's network is wired."""
        return wiring_of(stage.key, network.module, self.target.image_size)

    def training_images(self, network: LoadedNetwork) -> Batches:
        """Return a factory of batches of the training images as they are, for statistics."""
        return self.unchanged(self.target.train, network)

    def validation_images(self, network: LoadedNetwork) -> Batches:
        """Return a factory of batches of the validation images."""
        return self.unchanged(self.target.val, network)

    def context(
        self, network: LoadedNetwork, stage: Stage, root: Stage, rate: float | None = None
    ) -> Context:
        """Return what a method may see of a stage's network.

        Args:
            network: the stage's.
            stage: whose.
            root: the unpruned network that rounds grow from.
            rate: share to remove in this round; null for that of the settings.
        """
        wiring, source = self.wiring(stage, network), self.source
        return Context(
            module=network.module,
            groups=wiring.groups,
            cost=cost_model(network.module, wiring.groups, wiring.macs),
            original_widths=root.metrics.widths,
            settings=self.config.prune.model_copy(update={} if rate is None else {"rate": rate}),
            images=self.training_images(network),
            image_count=len(self.target.train),
            classes=len(self.target.class_names),
            seed=seed_of(self.config.seed, stage.key),
            root=partial(self._root_context, root),
            learn=partial(self._learn, root),
            source_images=self.unchanged(source.train, network) if source else None,
            source=Source(source.class_names, source.fingerprint) if source else None,
            pretrained=partial(self._pretrained, root),
        )

    def scores(self, score: Score, context: Context, stage: Stage) -> Scores:
        """Return what a score says of a stage's network, computed once and kept beside it."""

        def compute() -> Learnt:
            found = score.run(context)
            arrays = {name: values.astype(np.float64) for name, values in found.by_group.items()}
            return Learnt(arrays, found.spent)

        found, computed = self.store.learnt(stage, f"score-{self._label(score)}", compute)
        return Scores(found.arrays, found.spent if computed else NOTHING)

    def _label(self, part: Score | Compensation) -> str:
        """Return a name of all besides target and network that decides what a part does."""
        label = part.label(self.config.prune, self.key_form.label)
        if not part.uses_source or self.source is None:
            return label
        return f"{label}-from-{self.source.fingerprint[:16]}"

    def _pretrained(self, root: Stage) -> nn.Module:
        """Return the network that the first fine-tuning started from."""
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(seed_of(self.config.seed, root.key))
            module = self._build().module
        self._place(module)
        return module

    def _build(self) -> LoadedNetwork:
        target = self.target
        return build(self.config.network, len(target.class_names), target.image_size)

    def _root_context(self, root: Stage) -> Context:
        return self.context(self.network_of(root), root, root)

    def _learn(self, root: Stage, name: str, compute: Callable[[Context], Learnt]) -> Learnt:
        """Return what was learnt on the unpruned network; it costs only whoever learns it."""
        found, computed = self.store.learnt(root, name, lambda: compute(self._root_context(root)))
        return found if computed else Learnt(found.arrays)

    def root(self) -> Stage:
        """Return the unpruned network that all rounds grow from: fine-tuned first, or not."""
        return self.pretrained() if self.config.starts_pretrained else self.first_fine_tuning()

    def unpruned_accuracy(self, root: Stage) -> float:
        """Return the accuracy of the unpruned fine-tuned network; NaN where nothing asks for it.

        Args:
            root: the unpruned network that rounds grow from.
        """
        if not root.is_untrained:
            return root.metrics.accuracy
        refers = self.config.stop.max_drop is not None
        return self.first_fine_tuning().metrics.accuracy if refers else math.nan

    def pretrained(self) -> Stage:
        """Return the pre-trained network with a head that is not trained."""
        key = pretrained_key(self.config, self._looked_at, self.threads, self.device, self.key_form)
        return self.store.get_or_compute(key, self.owner, self._compute_pretrained)

    def _compute_pretrained(self, folder: Path) -> StageMetrics:
        """Store the pre-trained network; it is not evaluated, for its head means nothing."""
        started = time.perf_counter()
        torch.manual_seed(seed_of(self.config.seed, folder.name))
        network = self._build()
        self._place(network.module)
        return self._store(folder, network, UNTRAINED, TrainingReport(0, 0, ()), started)

    def first_fine_tuning(self) -> Stage:
        """Fine-tune the unpruned network on the target: what pruned ones are compared with."""
        key = self.root_key
        return self._stage(key, partial(self._compute_root, key))

    @property
    def root_key(self) -> str:
        """The key of the first fine-tuning."""
        return root_key(self.config, self._looked_at, self.root_threads, self.device, self.key_form)

    @property
    def _looked_at(self) -> str:
        """The fingerprint of all images that decide what is computed."""
        return "+".join(dict.fromkeys((self.target.fingerprint, self.training_set.fingerprint)))

    def prune_and_retrain(
        self, parent: Stage, root: Stage, plan: PrunePlan, round_number: int
    ) -> Stage:
        """Remove the plan's units physically from the parent's network and fine-tune it.

        Args:
            parent: the stage that is pruned.
            root: the unpruned network that rounds grow from.
            plan: what goes.
            round_number: counted from 1.
        """
        method = find_method(self.config.prune)
        compensation = self._label(method.compensation) if method.compensation else None
        companions = None
        if method.joint and self.source:
            companions = companions_label(
                method.joint, self.config, self.source.fingerprint, round_number, self.key_form
            )
        key = round_key(
            parent.key, self.config, plan, self.threads, compensation, companions, self.key_form
        )
        compute = partial(self._compute_round, key, parent, root, plan, round_number)
        return self._stage(key, compute)

    def _stage(self, key: str, compute: Callable[[Path], StageMetrics]) -> Stage:
        """Return a stage, with all figures: what an earlier version did not measure is added."""
        stage = self.store.get_or_compute(key, self.owner, compute)
        known = fields_of(Evaluated, stage.metrics)
        if None not in known.values():
            return stage
        network = self.network_of(stage)
        found = fields_of(Evaluated, evaluate(network.module, self.validation_images(network)()))
        added = {name: found[name] for name, value in known.items() if value is None}
        return replace(stage, metrics=replace(stage.metrics, **added))

    def finish(self, stage: Stage, root: Stage) -> Stage:
        """Fine-tune the last round's network longer, by one piece.

        Args:
            stage: the last round's, or that of the piece before.
            root: the unpruned network that rounds grow from.
        """
        finish, share = self.config.finish, stage.metrics.macs / root.metrics.macs
        settings = finishing(self.config.retrain, finish.epochs, finish.learning_rate, share)
        distils = settings.distillation_weight > 0
        return self.train_further(stage, settings, self.first_fine_tuning() if distils else None)

    def train_further(
        self, stage: Stage, settings: RetrainSettings, teacher: Stage | None
    ) -> Stage:
        """Fine-tune a stage's network further, as a stage of its own; nothing is pruned.

        Args:
            stage: whose network.
            settings: how.
            teacher: whose network's outputs it follows, where the settings say so.
        """
        teaches = teacher.key if teacher else None
        key = further_key(
            stage.key, settings, self.training_set.fingerprint, self.threads, teaches, self.key_form
        )
        compute = partial(self._compute_further, key, stage, settings, teacher)
        return self._stage(key, compute)

    def _compute_further(
        self,
        key: str,
        stage: Stage,
        settings: TrainingSettings,
        teacher: Stage | None,
        folder: Path,
    ) -> StageMetrics:
        started = time.perf_counter()
        torch.manual_seed(seed_of(self.config.seed, key))
        network = self.network_of(stage)
        followed = self.network_of(teacher).module if teacher else None
        report = self._train(network, settings, key, followed)
        return self._finish(folder, network, report, started)

    def _compute_root(self, key: str, folder: Path) -> StageMetrics:
        started = time.perf_counter()
        with torch_threads(self.root_threads):
            torch.manual_seed(seed_of(self.config.seed, key))
            network = self._build()
            self._place(network.module)
            report = self._train(network, self.config.finetune, key, teacher=None, hear=self.hear)
            return self._finish(folder, network, report, started)

    def _compute_round(
        self,
        key: str,
        parent: Stage,
        root: Stage,
        plan: PrunePlan,
        round_number: int,
        folder: Path,
    ) -> StageMetrics:
        started = time.perf_counter()
        torch.manual_seed(seed_of(self.config.seed, key))
        network = self.network_of(parent)
        context, method = self.context(network, parent, root), find_method(self.config.prune)
        companions = method.joint.choose(context) if method.joint else None
        besides = companions.spent if companions else NOTHING
        if method.compensation:
            besides += method.compensation.run(context, plan)
        prune(network.module, context.groups, plan)
        if parent.is_untrained:
            draw_head(network.module)
        self._place(network.module)
        share = sum(wiring_of(key, network.module, self.target.image_size).macs.values())
        distils = self.config.retrain.distillation_weight > 0
        teacher = self.network_of(self.first_fine_tuning()).module if distils else None
        second = self._second_task(network, companions, key, round_number) if companions else None
        settings = self.config.retrain.at_share(share / root.metrics.macs)
        report = self._train(network, settings, key, teacher, second)
        return self._finish(folder, network, report, started, besides)

    def _train(
        self,
        network: LoadedNetwork,
        settings: TrainingSettings,
        key: str,
        teacher: nn.Module | None,
        second: SecondTask | None = None,
        hear: Hear | None = None,
    ) -> TrainingReport:
        generator = torch.Generator().manual_seed(seed_of(self.config.seed, key))
        learns = self.training_set
        steps = steps_per_epoch(len(learns.train), settings.batch_size)
        follower = Follower(network.module, settings.epochs, steps, hear) if hear else None

        def epoch_batches(epoch: int) -> Iterator[tuple[Tensor, Tensor]]:
            batches = training_batches(
                learns.train,
                settings.batch_size,
                learns.settings.augment,
                self._form(network),
                learns.classes,
                generator,
            )
            heard = self._heard(batches)
            return follower.batches(epoch, heard) if follower else heard

        with follower or nullcontext():
            return train(
                network.module,
                epoch_batches,
                settings,
                steps,
                device=self.device,
                teacher=teacher,
                class_weights=learns.class_weights(),
                second=second,
            )

    def _second_task(
        self, network: LoadedNetwork, companions: Companions, key: str, round_number: int
    ) -> SecondTask:
        config, joint = self.config, find_method(self.config.prune).joint
        assert joint is not None
        assert config.source is not None
        assert self.source is not None
        batches = companion_batches(
            self.source.train,
            companions,
            steps_per_epoch(len(self.training_set.train), config.retrain.batch_size),
            config.source.augment,
            self._form(network),
            torch.Generator().manual_seed(seed_of(config.seed, f"{key} companions")),
        )
        weight = joint.weight(config.prune, round_number)
        return SecondTask(network.module, batches, companions.classes, weight)

    def _finish(
        self,
        folder: Path,
        network: LoadedNetwork,
        report: TrainingReport,
        started: float,
        besides: Spent = NOTHING,
    ) -> StageMetrics:
        """Re-estimate batch-norm, evaluate and store the network."""
        reestimated = reestimate(network.module, self.training_images(network)())
        evaluation = evaluate(network.module, self.validation_images(network)())
        besides += Spent(images_forward=reestimated + evaluation.val_images)
        return self._store(folder, network, evaluation, report, started, besides)

    def _store(
        self,
        folder: Path,
        network: LoadedNetwork,
        evaluation: Evaluated,
        report: TrainingReport,
        started: float,
        besides: Spent = NOTHING,
    ) -> StageMetrics:
        """Store the network and say what is known of it."""
        module = network.module
        wiring = wiring_of(folder.name, module, self.target.image_size)
        save_network(folder, network, self.target.class_names, self.target.image_size)
        return StageMetrics(
            **fields_of(Evaluated, evaluation),
            macs=sum(wiring.macs.values()),
            parameters=count_parameters(module),
            size_bytes=size_bytes(module),
            widths={group.name: group.width for group in wiring.groups},
            images_trained=report.images_trained + besides.images_trained,
            images_forward=report.images_forward + besides.images_forward,
            seconds=time.perf_counter() - started,
            device=_device_name(self.device),
            micro_batch=report.micro_batch,
        )

    def _form(self, network: LoadedNetwork) -> InputForm:
        return InputForm(self.target.image_size, network.preprocessing, self.device)

    def unchanged(self, split: Split, network: LoadedNetwork) -> Batches:
        """Return the images of a split as they are, for a network to be evaluated on."""
        form = self._form(network)
        return lambda: self._heard(evaluation_batches(split, EVALUATION_BATCH, form))

    def _heard(self, batches: Iterator[Batch]) -> Iterator[Batch]:
        for batch in batches:
            self.alive()
            yield batch

    @property
    def training_set(self) -> Lessons:
        """What all training goes through."""
        return lessons(self.config, self.target, self.source)

    def _place(self, module: nn.Module) -> None:
        channels_last(module.to(self.device))


def finishing(
    settings: RetrainSettings,
    epochs: int,
    learning_rate: float | None = None,
    macs_share: float = 1.0,
) -> RetrainSettings:
    """Return how a network is trained that is not pruned again: as in its rounds, but longer.

    Args:
        settings: of its rounds.
        epochs: of this training.
        learning_rate: null keeps that of its rounds.
        macs_share: its MACs as a share of the unpruned network's.
    """
    rate = learning_rate or settings.learning_rate
    # Sparsity makes the next pruning cheap; there is none.
    changes = {"epochs": epochs, "learning_rate": rate, "sparsity": 0.0}
    return settings.model_copy(update=changes).at_share(macs_share)


def _device_name(device: str) -> str:
    return torch.cuda.get_device_name() if device.startswith("cuda") else "cpu"
