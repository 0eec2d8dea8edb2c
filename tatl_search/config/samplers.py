"""Who proposes a sweep's settings, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tatl_search.registry import Registry

GRID = "grid"
"""The sampler that draws nothing: a search space's points are counted out instead."""


@dataclass(frozen=True)
class Sampler:
    """A way to propose settings, which learns from how trials ended.

    Attributes:
        name: as in `sweep.sampler`.
        make: makes one of Optuna's samplers for a single proposal, given a
            `search.samplers.Drawing`; or the `module:attribute` where that function is.
        learns_conditional: whether it learns settings that apply only with a certain choice;
            one that would draw them at random is refused such spaces.
        counts_trials: whether its next proposal follows from the number of trials before.
        learns_of_stops: whether what it proposes changes when a trial was stopped early.
    """

    name: str
    make: Callable[..., Any] | str
    learns_conditional: bool = True
    counts_trials: bool = False
    learns_of_stops: bool = True


_BUILTIN = (
    Sampler("tpe", "tatl_search.search.samplers:tpe"),
    Sampler("nsga2", "tatl_search.search.samplers:nsga2"),
    Sampler("nsga3", "tatl_search.search.samplers:nsga3"),
    # With a stopped trial nothing it learns from has changed: it was seen to propose the same
    # settings again.
    Sampler(
        "gp", "tatl_search.search.samplers:gp", learns_conditional=False, learns_of_stops=False
    ),
    Sampler("random", "tatl_search.search.samplers:at_random"),
    Sampler("qmc", "tatl_search.search.samplers:qmc", learns_conditional=False, counts_trials=True),
    Sampler(GRID, "tatl_search.search.samplers:at_random", counts_trials=True),
)

SAMPLERS: Registry[Sampler] = Registry(
    "sampler",
    "sweep.sampler",
    "tatl_search.samplers",
    "tatl_search.config.samplers:Sampler",
    {sampler.name: sampler for sampler in _BUILTIN},
)
