"""What one trial takes of a GPU, measured by training on images of noise."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from tatl_search.config import RetrainSettings, TrainingSettings
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.finetune import train
from tatl_search.nets.zoo import channels_last

Batch = tuple[Tensor, Tensor]

STEPS = 2
"""Of each piece of training: the optimiser's own state is there from the second on."""

HEADROOM = 1.25
"""What a trial is given, as a multiple of what was measured: pruning looks at networks in ways
that were not, and torch's blocks of memory are seldom full."""


@dataclass(frozen=True)
class Footprint:
    """What one trial takes of a GPU.

    Attributes:
        device: the GPU's name.
        total_bytes: of its memory.
        reserved_bytes: most that torch took for tensors.
        outside_bytes: what the GPU held beside them: the process's context and libraries, and
            whatever else was there.
    """

    device: str
    total_bytes: int
    reserved_bytes: int
    outside_bytes: int

    @property
    def trials_at_once(self) -> int:
        """How many trials fit on the GPU, at least one."""
        each = HEADROOM * self.reserved_bytes + self.outside_bytes
        return max(1, int(self.total_bytes // each))


def measure_footprint(
    module: nn.Module, image_size: int, training: Sequence[TrainingSettings], evaluation_batch: int
) -> Footprint:
    """Measure what the training and the evaluation of a network take of this process's GPU.

    Nothing else should use the GPU.

    Args:
        module: the network, unpruned; its weights change.
        image_size: side of the square images in pixels.
        training: pieces of training, of which a few steps are done; where one follows a teacher,
            a second copy of the network is one.
        evaluation_batch: images of a batch without gradients.

    Raises:
        InfeasibleError: not even a micro-batch fits.
    """
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    for settings in training:
        distils = isinstance(settings, RetrainSettings) and settings.distillation_weight > 0.0
        teacher = copy.deepcopy(module) if distils else None
        batches = [_noise(settings.batch_size, image_size)] * STEPS
        short = settings.model_copy(update={"epochs": 1})
        train(module, partial(_epoch, batches), short, STEPS, "cuda", teacher)
    evaluate(channels_last(module), [_noise(evaluation_batch, image_size)])
    free, total = torch.cuda.mem_get_info()
    return Footprint(
        device=torch.cuda.get_device_name(),
        total_bytes=total,
        reserved_bytes=torch.cuda.max_memory_reserved(),
        outside_bytes=total - free - torch.cuda.memory_reserved(),
    )


def _epoch(batches: list[Batch], _: int) -> list[Batch]:
    return batches


def _noise(count: int, side: int) -> Batch:
    images = torch.rand(count, 3, side, side, device="cuda")
    return (
        images.contiguous(memory_format=torch.channels_last),
        torch.zeros(count, dtype=torch.long, device="cuda"),
    )
