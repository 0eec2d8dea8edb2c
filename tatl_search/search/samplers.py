"""Who proposes a trial's settings: one of Optuna's samplers, a grid, or somebody's list."""

import hashlib
from collections.abc import Mapping, Sequence
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

from tatl_search.config import Sampler, SweepSettings


def new_sampler(
    settings: SweepSettings, seed: int, number: int, common: IntersectionSearchSpace
) -> BaseSampler:
    """Return the sampler of one proposal, seeded from the sweep's seed and the trial's number.

    A sampler that is reopened with its first seed would repeat its first draws. QMC alone keeps
    the sweep's seed: its points are one sequence, of which each trial takes the next.

    Args:
        settings: of the sweep.
        seed: of the sweep.
        number: of the trial.
        common: what the study's trials have in common; the same for all its proposals.
    """
    drawn = seed_of(seed, number)
    startup = settings.startup_trials
    match settings.sampler:
        case Sampler.TPE:
            return TPESampler(
                seed=drawn,
                n_startup_trials=startup,
                multivariate=True,
                group=True,
                constant_liar=True,
            )
        case Sampler.NSGA2:
            return _NSGAII(common, seed=drawn)
        case Sampler.NSGA3:
            return _NSGAIII(common, seed=drawn)
        case Sampler.GP:
            return GPSampler(seed=drawn, n_startup_trials=max(1, startup))
        case Sampler.QMC:
            return QMCSampler(
                scramble=True,
                seed=seed_of(seed, "qmc"),
                warn_asynchronous_seeding=False,
                warn_independent_sampling=False,
            )
        case Sampler.RANDOM | Sampler.GRID:  # a grid's points are given; nothing is left to draw
            return RandomSampler(seed=drawn)


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
