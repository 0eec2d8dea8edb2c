"""Memory runs out as a result of the settings, is shared fairly and is given back."""

import gc
import logging
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.reasons import first_line

OUTSIDE_BYTES = 850_000_000
"""What a process needs of a GPU beside torch's tensors: its context and libraries.

Rounded up from the 0.81 GB that training took of an H200 (torch 2.11, CUDA 13.0).
"""

_SMALL = 2**20

logger = logging.getLogger(__name__)

# torch has no error class of its own for the CPU's allocator and for the libraries it calls;
# oneDNN, which ran the same layer before, has no other words when it finds no memory.
_SIGNS = (
    "can't allocate memory",
    "not enough memory",
    "could not create a primitive",
    "could not execute a primitive",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
)


def is_out_of_memory(error: MemoryError | RuntimeError) -> bool:
    """Whether an error says that memory ran out, of a GPU or the machine."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(
        sign in str(error) for sign in _SIGNS
    )


@contextmanager
def out_of_memory_is_infeasible(work: str) -> Iterator[None]:
    """Turn running out of memory, of a GPU or the machine, into a result to record.

    Args:
        work: what was going on, for people: `training with batches of 64`.

    Raises:
        InfeasibleError: out of memory.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        raise InfeasibleError(
            InfeasibleReason.OUT_OF_MEMORY, f"{work}: {first_line(error)}"
        ) from error


@contextmanager
def share_of_gpu(processes: int) -> Iterator[None]:
    """Keep to this process's part of its GPU for a while, and leave nothing behind on it.

    Tensors beyond the part run out of memory here, not in a neighbour. Afterwards all memory is
    given back; what cannot be, since something still holds it, is logged.

    Args:
        processes: how many share the GPU, each taking as much.
    """
    _give_back()
    before = torch.cuda.memory_allocated()
    torch.cuda.set_per_process_memory_fraction(_fraction(processes))
    try:
        yield
    finally:
        _give_back()
    # Who leaves by an error still holds what its frames do; the next to come gives that back.
    left = torch.cuda.memory_allocated() - before
    if left > _SMALL:
        logger.warning(
            "%.0f MB of the GPU's memory were not given back by what ran last in this process",
            left / 1e6,
        )


def held_by_others() -> int:
    """Return roughly how many bytes of this process's GPU other processes hold."""
    free, total = torch.cuda.mem_get_info()
    return max(0, total - free - torch.cuda.memory_reserved() - OUTSIDE_BYTES)


def _fraction(processes: int) -> float:
    """Return which share of a GPU's memory the tensors of one of so many processes may take."""
    if processes == 1:
        return 1.0
    _, total = torch.cuda.mem_get_info()
    own = 1.0 / processes
    return max(own - OUTSIDE_BYTES / total, own / 2)


def _give_back() -> None:
    gc.collect()  # tensors on a GPU weigh nothing to Python's own collector
    torch._C._cuda_clearCublasWorkspaces()
    torch.cuda.empty_cache()
