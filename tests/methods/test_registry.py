"""Every built-in method, score and allocation is there, under its name."""

from typing import Any

import pytest

from tatl_search.methods.context import Allocation
from tatl_search.methods.method import Method, Score
from tatl_search.methods.registry import ALLOCATIONS, METHODS, SCORES
from tatl_search.registry import Registry


@pytest.mark.parametrize(
    ("registry", "kind"), [(METHODS, Method), (SCORES, Score), (ALLOCATIONS, Allocation)]
)
def test_what_is_built_in_is_what_its_name_says(registry: Registry[Any], kind: type) -> None:
    found = {name: registry[name] for name in registry.builtin}
    assert all(isinstance(thing, kind) for thing in found.values())
    assert [thing.name for thing in found.values()] == list(registry.builtin)


def test_parts_of_methods_are_registered_themselves() -> None:
    methods = [METHODS[name] for name in METHODS.builtin]
    assert {method.score.name for method in methods} <= set(SCORES.builtin)
    assert {method.allocation.name for method in methods} <= set(ALLOCATIONS.builtin)
