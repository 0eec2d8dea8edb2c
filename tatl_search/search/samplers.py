"""Who proposes a trial's settings: one of Optuna's samplers, a grid, or somebody's list."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import (
    BaseSampler,
    GPSampler,
    NSGAIIISampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.search_space import IntersectionSearchSpace
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tatl_search.config import SAMPLERS, SweepSettings
from tatl_search.registry import called


@dataclass(frozen=True)
class Drawing:
    """What a sampler of one proposal is made from.

    Attributes:
        settings: of the sweep.
        seed: of this proposal, from the sweep's seed and the trial's number. A sampler that is
            reopened with its first seed would repeat its first draws.
        sweep_seed: of the sweep, for samplers whose proposals are one sequence.
        common: what the study's trials have in common; the same for all its proposals.
    """

    settings: SweepSettings
    seed: int
    sweep_seed: int
    common: IntersectionSearchSpace


def new_sampler(
    settings: SweepSettings, seed: int, number: int, common: IntersectionSearchSpace
) -> BaseSampler:
    """Return the sampler of one proposal.

    Args:
        settings: of the sweep.
        seed: of the sweep.
        number: of the trial.
        common: what the study's trials have in common; the same for all its proposals.

    Raises:
        InputError: a plug-in that cannot be used.
    """
    drawing = Drawing(settings, seed_of(seed, number), seed, common)
    sampler: BaseSampler = called(SAMPLERS[settings.sampler].make)(drawing)
    return sampler


def tpe(drawing: Drawing) -> BaseSampler:
    """Return Optuna's TPE, which models parameters that apply together jointly."""
    return TPESampler(
        seed=drawing.seed,
        n_startup_trials=drawing.settings.startup_trials,
        multivariate=True,
        group=True,
        constant_liar=True,
    )


def nsga2(drawing: Drawing) -> BaseSampler:
    """Return Optuna's NSGA-II."""
    return _NSGAII(drawing.common, seed=drawing.seed)


def nsga3(drawing: Drawing) -> BaseSampler:
    """Return Optuna's NSGA-III."""
    return _NSGAIII(drawing.common, seed=drawing.seed)


def gp(drawing: Drawing) -> BaseSampler:
    """Return Optuna's Gaussian process."""
    startup = max(1, drawing.settings.startup_trials)
    return GPSampler(seed=drawing.seed, n_startup_trials=startup)


def qmc(drawing: Drawing) -> BaseSampler:
    """Return Optuna's quasi Monte Carlo: one sequence, of which each trial takes the next."""
    return QMCSampler(
        scramble=True,
        seed=seed_of(drawing.sweep_seed, "qmc"),
        warn_asynchronous_seeding=False,
        warn_independent_sampling=False,
    )


def at_random(drawing: Drawing) -> BaseSampler:
    """Return Optuna's random sampler; with a grid, whose points are given, it draws nothing."""
    return RandomSampler(seed=drawing.seed)


def seed_of(seed: int, what: int | str) -> int:
    """Return the seed of one of a sweep's draws: a trial's number, or a name."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{what}".encode()).digest()[:4])


class _LooksOnce:
    """Looks at each trial once for the parameters that all have in common.

    So do Optuna's samplers, but for as long as they live: ours live for one proposal.
    """

    def __init__(self, common: IntersectionSearchSpace, **settings: Any) -> None:
        super().__init__(**settings)
        self._common = common

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Return the parameters to be crossed over, as Optuna's own do."""
        found = self._common.calculate(study)
        return {name: values for name, values in found.items() if not values.single()}


class _NSGAII(_LooksOnce, NSGAIISampler):
    """Optuna's NSGA-II."""


class _NSGAIII(_LooksOnce, NSGAIIISampler):
    """Optuna's NSGA-III."""


class Fixed(BaseSampler):
    """Proposes given values, and has another sampler draw what they leave open.

    Optuna would queue such trials in the study. Decided when a trial is drawn instead, they can
    neither be queued twice nor be lost when a driver dies. Its `PartialFixedSampler` fixes nothing
    that TPE draws in groups.
    """

    def __init__(self, values: Mapping[str, Any], rest: BaseSampler) -> None:
        self._values = values
        self._rest = rest

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        """Relate the parameters that the other sampler does."""
        return self._rest.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Draw as the other sampler does, but for the given values."""
        drawn = self._rest.sample_relative(study, trial, search_space)
        return {name: self._values.get(name, value) for name, value in drawn.items()}

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        """Let the other sampler prepare."""
        self._rest.before_trial(study, trial)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        """Let the other sampler hear the outcome."""
        self._rest.after_trial(study, trial, state, values)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        """Return the given value, or what the other sampler draws."""
        if param_name in self._values:
            return self._values[param_name]
        return self._rest.sample_independent(study, trial, param_name, param_distribution)
