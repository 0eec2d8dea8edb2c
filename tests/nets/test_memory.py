"""Running out of memory, for real."""

import pytest
import torch

from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.memory import out_of_memory_is_infeasible


def test_no_machine_has_a_pebibyte() -> None:
    with pytest.raises(InfeasibleError) as caught, out_of_memory_is_infeasible("counting"):
        torch.empty(2**50, dtype=torch.uint8).fill_(1)
    assert caught.value.reason is InfeasibleReason.OUT_OF_MEMORY
    assert caught.value.detail.startswith("counting: ")


def test_pythons_own_memory_error_counts() -> None:
    told = pytest.raises(InfeasibleError, match="out_of_memory: counting: MemoryError")
    with told, out_of_memory_is_infeasible("counting"):
        bytearray(2**62)


def test_other_errors_pass() -> None:
    passed = pytest.raises(RuntimeError, match="shapes cannot be multiplied")
    with passed, out_of_memory_is_infeasible("multiplying"):
        torch.ones(2, 3) @ torch.ones(2, 3)
