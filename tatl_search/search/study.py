"""The study: what was asked and what was told. Only the driver touches it."""

import hashlib
import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, NSGAIISampler, RandomSampler, TPESampler
from optuna.trial import Trial, TrialState

from tatl_search.config import AdaptationConfig, Objective, SweepSettings
from tatl_search.search.journal import open_journal
from tatl_search.space import SearchSpace

USABLE = "usable"
"""Name of the constraint that a setting without a usable network violates."""


@dataclass(frozen=True)
class Proposal:
    """A trial to run: its number is its name for life, its settings are complete.

    Attributes:
        number: Optuna's number of the trial.
        attempt: how many times it has now been handed out.
        config: its settings.
    """

    number: int
    attempt: int
    config: AdaptationConfig


class SweepStudy:
    """An Optuna study with one trial an adaptation, kept in a journal file.

    A failed trial is invisible to TPE, which then keeps proposing its like, so whatever ends
    without a usable network is told as complete, with the worst values and a violated constraint.
    """

    def __init__(
        self,
        journal: Path,
        name: str,
        space: SearchSpace,
        seed: int,
        reference: Mapping[Objective, float],
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=ExperimentalWarning)
        self._space = space
        self._settings: SweepSettings = space.sweep
        self._seed = seed
        self._reference = reference
        self._study = optuna.create_study(
            storage=open_journal(journal),
            study_name=name,
            directions=[
                "maximize" if objective.higher_is_better else "minimize"
                for objective in self._settings.objectives
            ],
            load_if_exists=True,
        )
        self._study.set_metric_names([objective.value for objective in self._settings.objectives])
        known = self._study.get_trials(deepcopy=False)
        self._asked = len(known)
        self._told = sum(trial.state is TrialState.COMPLETE for trial in known)
        self._open: dict[int, Trial] = {}

    @property
    def told(self) -> int:
        """Number of trials whose outcome is known."""
        return self._told

    @property
    def exhausted(self) -> bool:
        """Whether every trial the sweep may run was handed out."""
        return self._told + len(self._open) >= self._settings.trials

    def unfinished(self) -> list[int]:
        """Return the numbers of trials an earlier driver left running, in order."""
        trials = self._study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        return [trial.number for trial in trials if trial.number not in self._open]

    def finished(self) -> list[int]:
        """Return the numbers of the trials whose outcome is known, in order."""
        trials = self._study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
        return [trial.number for trial in trials]

    def recall(self, number: int) -> Proposal:
        """Return a finished trial as it was handed out last."""
        trial = self._study.get_trials(deepcopy=False)[number]
        config = self._space.sample(_Recall(trial.params))
        return Proposal(number, int(trial.user_attrs["attempts"]), config)

    def is_open(self, number: int) -> bool:
        """Whether a trial is handed out and waits for its outcome."""
        return number in self._open

    def ask(self) -> Proposal:
        """Ask the sampler for a new trial."""
        self._study.sampler = _sampler(self._settings, self._seed, self._asked)
        self._asked += 1
        return self._propose(self._study.ask())

    def reopen(self, number: int) -> Proposal:
        """Hand out a trial again that did not end: same number, same settings."""
        if number not in self._open:
            frozen = self._study.get_trials(deepcopy=False)[number]
            self._study.sampler = _sampler(self._settings, self._seed, number)
            self._open[number] = Trial(self._study, frozen._trial_id)
        return self._propose(self._open[number])

    def _propose(self, trial: Trial) -> Proposal:
        config = self._space.sample(_Suggest(trial))
        self._open[trial.number] = trial
        return Proposal(trial.number, self._count_attempt(trial, by=1), config)

    def _count_attempt(self, trial: Trial, by: int) -> int:
        attempts = int(trial.user_attrs.get("attempts", 0)) + by
        trial.set_user_attr("attempts", attempts)
        return attempts

    def tell(self, number: int, outcome: Mapping[Objective, float], note: str) -> None:
        """Tell the outcome of an open trial.

        Args:
            number: the trial's number.
            outcome: a value for each objective.
            note: why the trial stopped, for people.
        """
        self._close(number, [outcome[o] for o in self._settings.objectives], 0.0, note)

    def tell_infeasible(self, number: int, note: str) -> None:
        """Tell that an open trial's settings lead to no usable network."""
        worst = [
            0.0 if objective.higher_is_better else self._reference[objective]
            for objective in self._settings.objectives
        ]
        self._close(number, worst, 1.0, note)

    def _close(self, number: int, values: Sequence[float], violation: float, note: str) -> None:
        assert all(math.isfinite(value) for value in values)
        trial = self._open[number]
        trial.set_user_attr("outcome", note)
        trial.set_constraint(USABLE, violation)
        self._study.tell(trial, list(values))
        del self._open[number]
        self._told += 1

    def release(self) -> None:
        """Give back the trials still open: an orderly stop is not an attempt that failed."""
        for trial in self._open.values():
            self._count_attempt(trial, by=-1)
        self._open.clear()


class _Suggest:
    """Draws a search space's parameters from an Optuna trial."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        if integer:
            stride = 1 if step is None else int(step)
            return self._trial.suggest_int(name, int(low), int(high), log=log, step=stride)
        return self._trial.suggest_float(name, low, high, log=log, step=step)

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self._trial.suggest_categorical(name, choices)


class _Recall:
    """Answers a search space's questions with what a trial was given."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params

    def uniform(self, name: str, *_: Any) -> float:
        return float(self._params[name])

    def categorical(self, name: str, _: Sequence[Any]) -> Any:
        return self._params[name]


def _sampler(settings: SweepSettings, seed: int, number: int) -> BaseSampler:
    """Return the sampler of one proposal, seeded from the sweep's seed and the trial's number.

    A sampler that is reopened with its first seed would repeat its first draws.
    """
    digest = hashlib.sha256(f"{seed}:{number}".encode()).digest()
    drawn = int.from_bytes(digest[:4])
    match settings.sampler:
        case "tpe":
            return TPESampler(
                seed=drawn,
                n_startup_trials=settings.startup_trials,
                multivariate=True,
                group=True,
                constant_liar=True,
            )
        case "nsga2":
            return NSGAIISampler(seed=drawn)
        case "random":
            return RandomSampler(seed=drawn)
