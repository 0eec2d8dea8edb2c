"""The methods by name, as `prune.method` names them."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from tatl_search.config import PruneSettings
from tatl_search.core.costs import CostModel
from tatl_search.core.plan import PrunePlan
from tatl_search.methods import tatl
from tatl_search.methods.tatl import Floats, PrunableGroup


class Method(Protocol):
    """A way to choose filters; each is a module of this package."""

    def plan(
        self,
        activations: Mapping[str, Floats],
        groups: Sequence[PrunableGroup],
        cost: CostModel,
        original_widths: Mapping[str, int],
        settings: PruneSettings,
    ) -> PrunePlan:
        """Return what goes in one round; see `methods.tatl.plan` for the arguments."""


METHODS: Mapping[str, Method] = {"tatl": tatl}
