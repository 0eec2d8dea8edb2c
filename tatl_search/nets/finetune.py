"""Fine-tune a network: one piece of training with an optimiser and a schedule of its own."""

import math
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.config import RetrainSettings, TrainingSettings
from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.memory import is_out_of_memory, out_of_memory_is_infeasible
from tatl_search.nets.microbatches import MicroBatches
from tatl_search.nets.schedule import learning_rate_share
from tatl_search.nets.second_task import SecondTask
from tatl_search.nets.skeleton import eval_mode
from tatl_search.nets.sparsity import add_sparsity
from tatl_search.nets.strided import strides_taken_first

Batches = Iterable[tuple[Tensor, Tensor]]
Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class TrainingReport:
    """What a piece of training did.

    Attributes:
        images_trained: images through backward.
        images_forward: images through the teacher, forward only.
        mean_loss_by_epoch: mean training loss of an image in each epoch.
        micro_batch: most images that went through at once, where a batch did not fit into memory;
            null where batches went whole.
    """

    images_trained: int
    images_forward: int
    mean_loss_by_epoch: tuple[float, ...]
    micro_batch: int | None = None


def train(
    module: nn.Module,
    epoch_batches: Callable[[int], Batches],
    settings: TrainingSettings,
    steps_per_epoch: int,
    device: str,
    teacher: nn.Module | None = None,
    class_weights: Tensor | None = None,
    second: SecondTask | None = None,
) -> TrainingReport:
    """Train a network in place; nothing but its weights and buffers outlives the training.

    Only Parameters with `requires_grad` are trained; each submodule has the train/eval mode
    afterwards that it had before. Batches of one image are left out: batch-norm has no variance
    over a single value. With `RetrainSettings` and a distillation weight above 0, the loss is
    partly that of following the teacher.

    A batch that does not fit into memory goes through in micro-batches, halved until they fit:
    the optimiser steps as often, by the same mean over the whole batch. Only batch-norms see the
    difference: they normalise by each micro-batch's statistics.

    Args:
        module: the network; it is moved to the device, channels last.
        epoch_batches: from an epoch's index to its batches on the device: images (N, 3, H, W),
            labels (N,) or the share of each class (N, classes).
        settings: how to train.
        steps_per_epoch: number of batches of an epoch; the schedule is stretched over all.
        device: `cpu` or a CUDA device.
        teacher: the network whose outputs are to be followed; it is used in eval mode.
        class_weights: (classes,) how much each class counts; null counts all alike.
        second: what the network learns besides, one batch in each step.

    Raises:
        InfeasibleError: the loss or the weights are no longer finite, or memory ran out with the
            smallest micro-batch.
        ValueError: nothing to train, no batches, or distillation without a teacher.
    """
    work = f"training with batches of {settings.batch_size} images"
    with ExitStack() as stack:
        stack.enter_context(out_of_memory_is_infeasible(work))
        stack.enter_context(eval_mode(module))  # which brings back the modes set below
        stack.enter_context(strides_taken_first(module))
        module.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        module.train()
        if teacher is not None:
            stack.enter_context(eval_mode(teacher))
            teacher.to(device=device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        trainer = _Trainer(
            module,
            settings,
            settings.epochs * steps_per_epoch,
            device,
            teacher,
            class_weights,
            second,
        )
        for epoch in range(settings.epochs):
            trainer.run_epoch(epoch_batches(epoch))
    return trainer.report()


def parameter_groups(module: nn.Module, weight_decay: float) -> list[dict[str, object]]:
    """Return the trainable Parameters for an optimiser, in two groups.

    Weights decay; biases and the scales and shifts of normalisations do not (He et al. 2018,
    "Bag of tricks", arXiv 1812.01187).

    Raises:
        ValueError: the network has no trainable Parameter.
    """
    trainable = [p for p in module.parameters() if p.requires_grad]
    if not trainable:
        raise ValueError("all Parameters are frozen (requires_grad is off): nothing to train")
    return [
        {"params": [p for p in trainable if p.dim() > 1], "weight_decay": weight_decay},
        {"params": [p for p in trainable if p.dim() <= 1], "weight_decay": 0.0},
    ]


def distillation_loss(scores: Tensor, teacher_scores: Tensor, temperature: float) -> Tensor:
    """Return how far a network's outputs are from its teacher's.

    T^2 times the Kullback-Leibler divergence of the softmaxes at temperature T, the mean over
    images; T^2 keeps the gradients' size (Hinton et al. 2015, arXiv 1503.02531, section 2).

    Args:
        scores: (N, classes) logits of the network.
        teacher_scores: (N, classes) logits of the teacher.
        temperature: T.
    """
    divergence = F.kl_div(
        F.log_softmax(scores / temperature, dim=1),
        F.log_softmax(teacher_scores / temperature, dim=1),
        reduction="batchmean",
        log_target=True,
    )
    return temperature**2 * divergence


def label_loss(
    scores: Tensor, labels: Tensor, smoothing: float = 0.0, class_weights: Tensor | None = None
) -> Tensor:
    """Return the cross-entropy of an image, the mean over the batch.

    With class weights each image counts as much as its label says, in whatever batch it is:
    torch's own mean divides by the sum of the weights for labels, but not for shares.

    Args:
        scores: (N, classes) logits.
        labels: (N,) int64, or (N, classes) shares that sum to 1.
        smoothing: share of each label that is spread evenly over all classes.
        class_weights: (classes,); null weighs all by 1.
    """
    total = F.cross_entropy(
        scores, labels, weight=class_weights, label_smoothing=smoothing, reduction="sum"
    )
    return total / len(labels)


class _Trainer:
    """The state of one piece of training."""

    def __init__(
        self,
        module: nn.Module,
        settings: TrainingSettings,
        total_steps: int,
        device: str,
        teacher: nn.Module | None,
        class_weights: Tensor | None,
        second: SecondTask | None,
    ) -> None:
        self._module = module
        self._second = second
        self._trained = nn.ModuleList([module, *([second.head] if second else [])])
        self._settings = settings
        self._total_steps = total_steps
        self._device = torch.device(device)
        self._optimizer = _optimizer(self._trained, settings)
        self._class_weights = None if class_weights is None else class_weights.to(device)
        self._micro = MicroBatches(module, self._device)
        self._step = 0
        self._images_trained = 0
        self._images_forward = 0
        self._losses: list[float] = []
        self._distillation_weight = 0.0
        self._temperature = 1.0
        if isinstance(settings, RetrainSettings):
            self._distillation_weight = settings.distillation_weight
            self._temperature = settings.distillation_temperature
        self._teacher = teacher if self._distillation_weight > 0.0 else None
        if self._distillation_weight > 0.0 and teacher is None:
            raise ValueError("distillation_weight is above 0, but there is no teacher")

    def run_epoch(self, batches: Batches) -> None:
        """Train on every batch once.

        The loss is looked at once an epoch, so that a GPU need not wait after every step.
        """
        images_before = self._images_trained
        total = torch.zeros((), dtype=torch.float64, device=self._device)
        for images, labels in batches:
            if len(labels) > 1:
                total += self._train_step(images, labels).double() * len(labels)
                self._images_trained += len(labels)
        images_of_epoch = self._images_trained - images_before
        if not images_of_epoch:
            raise ValueError("an epoch has no batch of at least two images")
        self._losses.append(float(total) / images_of_epoch)
        self._check_finite()

    def report(self) -> TrainingReport:
        """Return what was done so far."""
        besides = self._second.images_trained if self._second else 0
        return TrainingReport(
            self._images_trained + besides,
            self._images_forward,
            tuple(self._losses),
            self._micro.used,
        )

    def _train_step(self, images: Tensor, labels: Tensor) -> Tensor:
        share = learning_rate_share(self._settings.schedule, self._step, self._total_steps)
        for group in self._optimizer.param_groups:
            group["lr"] = share * self._settings.learning_rate
        loss = self._gradients(images, labels)
        if self._settings.sparsity > 0.0:
            add_sparsity(self._module, self._settings.sparsity)
        if self._settings.clip_norm is not None:
            nn.utils.clip_grad_norm_(self._trained.parameters(), self._settings.clip_norm)
        self._optimizer.step()
        self._step += 1
        if self._teacher:
            self._images_forward += len(labels)
        return loss

    def _gradients(self, images: Tensor, labels: Tensor) -> Tensor:
        """Leave the gradients of the batch's mean loss, and return it."""
        besides = self._second.draw() if self._second else None
        while True:
            self._optimizer.zero_grad(set_to_none=True)
            try:
                loss = self._backward(self._loss, images, labels)
                if self._second and besides:
                    loss += self._backward(self._second_loss, *besides)
                return loss
            except (MemoryError, RuntimeError) as error:
                if not is_out_of_memory(error) or not self._micro.halve(images):
                    raise
            # Only here, without the error's frames, can what did not fit be given back.
            if self._device.type == "cuda":
                torch.cuda.empty_cache()

    def _backward(self, loss_of: Loss, images: Tensor, labels: Tensor) -> Tensor:
        """Add the gradients of a batch's mean loss, by micro-batches, and return the loss."""
        total = torch.zeros((), device=self._device)
        for some, their, share in self._micro.pieces(images, labels):
            loss = share * loss_of(some, their)
            loss.backward()  # type: ignore[no-untyped-call]
            total += loss.detach()
        return total

    def _second_loss(self, images: Tensor, labels: Tensor) -> Tensor:
        assert self._second is not None
        with self._mixed():
            return self._second.loss(self._module, images, labels)

    def _loss(self, images: Tensor, labels: Tensor) -> Tensor:
        with self._mixed():
            scores = self._module(images)
            with torch.no_grad():
                followed = self._teacher(images) if self._teacher else None
        loss = label_loss(
            scores.float(), labels, self._settings.label_smoothing, self._class_weights
        )
        if followed is None:
            return loss
        distance = distillation_loss(scores.float(), followed.float(), self._temperature)
        return (1.0 - self._distillation_weight) * loss + self._distillation_weight * distance

    def _mixed(self) -> torch.autocast:
        # bfloat16 has float32's range: gradients need no scaling.
        mixed = self._settings.amp and self._device.type == "cuda"
        return torch.autocast(self._device.type, dtype=torch.bfloat16, enabled=mixed)

    def _check_finite(self) -> None:
        """Raise when the epoch's loss, or the weights it left behind, are not finite."""
        epoch = f"epoch {len(self._losses)} of {self._settings.epochs}"
        rate = f"learning rate {self._settings.learning_rate:g}"
        if not math.isfinite(self._losses[-1]):
            raise InfeasibleError(
                InfeasibleReason.NAN_LOSS, f"the loss is {self._losses[-1]} in {epoch}, {rate}"
            )
        for name, tensor in self._module.state_dict().items():
            if not bool(torch.isfinite(tensor).all()):
                raise InfeasibleError(
                    InfeasibleReason.NAN_LOSS, f"{name} is not finite after {epoch}, {rate}"
                )


def _optimizer(module: nn.Module, settings: TrainingSettings) -> torch.optim.Optimizer:
    groups = parameter_groups(module, settings.weight_decay)
    rate, momentum = settings.learning_rate, settings.momentum
    match settings.optimizer:
        case "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=momentum, nesterov=momentum > 0.0)
        case "adamw":
            return torch.optim.AdamW(groups, lr=rate, betas=(momentum, 0.999))
