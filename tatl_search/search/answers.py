"""Who answers a search space's questions: an Optuna trial, or what one was once given."""

from collections.abc import Mapping, Sequence
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import Trial

from tatl_search.space.distributions import Section, draw


class Asked:
    """Draws a search space's parameters from an Optuna trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        """Return a number of a range."""
        if integer:
            stride = 1 if step is None else int(step)
            return self._trial.suggest_int(name, int(low), int(high), log=log, step=stride)
        return self._trial.suggest_float(name, low, high, log=log, step=step)

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return one of the choices."""
        return self._trial.suggest_categorical(name, choices)


class Recalled:
    """Answers with what a trial was given.

    Attributes:
        distributions: Optuna's, of the parameters that were asked for.
    """

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self.distributions: dict[str, BaseDistribution] = {}

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        """Return the number it was given."""
        if integer:
            stride = 1 if step is None else int(step)
            self.distributions[name] = IntDistribution(int(low), int(high), log=log, step=stride)
            return int(self._params[name])
        self.distributions[name] = FloatDistribution(low, high, log=log, step=step)
        return float(self._params[name])

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        """Return the choice it was given."""
        self.distributions[name] = CategoricalDistribution(choices)
        return self._params[name]


def distributions_of(section: Section, params: Mapping[str, Any]) -> dict[str, BaseDistribution]:
    """Return Optuna's distributions of a trial's parameters, also where these do not go together.

    Args:
        section: of the search space.
        params: values of all parameters that apply, by name.
    """
    recalled = Recalled(params)
    draw(section, recalled)
    return recalled.distributions
