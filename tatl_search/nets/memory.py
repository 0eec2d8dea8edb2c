"""Running out of memory is a result of the settings, not a crash."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.reasons import first_line

# torch has no error class of its own for the CPU's allocator.
_CPU_ALLOCATOR = ("can't allocate memory", "not enough memory")


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
        if not isinstance(error, MemoryError | torch.OutOfMemoryError) and not any(
            sign in str(error) for sign in _CPU_ALLOCATOR
        ):
            raise
        raise InfeasibleError(
            InfeasibleReason.OUT_OF_MEMORY, f"{work}: {first_line(error)}"
        ) from error
