"""The study: what was asked and what was told. Only the driver touches it."""

import math
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, RandomSampler
from optuna.search_space import IntersectionSearchSpace
from optuna.trial import FrozenTrial, Trial, TrialState

from tatl_search.config import AdaptationConfig, SweepSettings, current_parameters
from tatl_search.config.samplers import GRID
from tatl_search.core.constraints import WORST, violations
from tatl_search.figures import ACCURACY, Figure, Figures
from tatl_search.records import StopReason
from tatl_search.search.answers import Asked, Recalled, distributions_of
from tatl_search.search.journal import open_journal
from tatl_search.search.refusal import RefusedTrialError
from tatl_search.search.rungs import IMAGES, JUDGED_ON, RUNG, Rungs
from tatl_search.search.samplers import Fixed, new_sampler, seed_of
from tatl_search.space import Range, RefusedSettingsError, SearchSpace
from tatl_search.space.distributions import Suggest
from tatl_search.space.grid import shuffled_grid

USABLE = "usable"
"""Name of the constraint that a setting without a usable network violates."""

FIRST_TRIALS = "first_trials"
TAUGHT = "taught_by"
ATTEMPTS = "attempts"
STOPPED_AFTER = "stopped_after_round"
OUTCOME = "outcome"
SECONDS = "seconds"
"""Names of what the journal holds besides Optuna's own."""

ENDED = (TrialState.COMPLETE, TrialState.PRUNED)


Verdict = tuple[list[float] | None, dict[str, float]]
"""Values of the objectives (null: censored) and by how much each constraint is violated."""


@dataclass(frozen=True)
class Lesson:
    """A trial of an earlier sweep of the same task, from which the sampler learns.

    Attributes:
        origin: where it was run, for people; also tells it from others.
        params: parameter name -> value, for all parameters that apply.
        outcome: its last network; null where there was no usable one.
    """

    origin: str
    params: Mapping[str, Any]
    outcome: Figures | None


@dataclass(frozen=True)
class Proposal:
    """A trial to run: its number is its name for life, its settings are complete.

    Attributes:
        number: of the trial; Optuna counts the lessons of earlier sweeps before it.
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

    A trial that was stopped early is told as censored: Optuna's state PRUNED, without values. TPE
    then prefers settings of trials that ran to their end; the other samplers do not see it.
    """

    def __init__(
        self,
        journal: Path,
        name: str,
        space: SearchSpace,
        seed: int,
        reference: Mapping[Figure, float],
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        warnings.filterwarnings("ignore", category=ExperimentalWarning)
        self._space = space
        self._settings: SweepSettings = space.sweep
        self._seed = seed
        self._reference = reference
        self._journal = open_journal(journal)
        self._study = optuna.create_study(
            storage=self._journal,
            study_name=name,
            directions=[
                "maximize" if objective.higher_is_better else "minimize"
                for objective in self._settings.objectives
            ],
            load_if_exists=True,
        )
        self._study.set_metric_names([objective.key for objective in self._settings.objectives])
        self._journal.flush()
        known = self._study.get_trials(deepcopy=False)
        self._lessons = sum(TAUGHT in trial.user_attrs for trial in known)
        self._asked = len(known) - self._lessons
        self._told = sum(trial.state in ENDED for trial in known) - self._lessons
        self._open: dict[int, Trial] = {}
        self._common = IntersectionSearchSpace()
        self._points = shuffled_grid(space.section, seed) if self._settings.sampler == GRID else ()
        self._rungs = self._rungs_of(space) if self._settings.promote else None

    def _rungs_of(self, space: SearchSpace) -> Rungs:
        objectives, pieces = self._settings.objectives, dict(space.parameters)[RUNG]
        assert isinstance(pieces, Range)
        return Rungs(
            pieces,
            [-1.0 if objective.higher_is_better else 1.0 for objective in objectives],
            [self._worst(objective) for objective in objectives],
            objectives.index(ACCURACY) if ACCURACY in objectives else None,
        )

    @property
    def told(self) -> int:
        """Number of trials whose outcome is known."""
        return self._told

    @property
    def exhausted(self) -> bool:
        """Whether every trial the sweep may run was handed out."""
        return self._told + len(self._open) >= self._settings.trials

    @property
    def seconds(self) -> float:
        """Wall-clock that the sweep's drivers have spent, as last noted."""
        return float(self._study.user_attrs.get(SECONDS, 0.0))

    @property
    def name(self) -> str:
        """Name of the sweep."""
        return self._study.study_name

    def note_seconds(self, seconds: float) -> None:
        """Keep the wall-clock that the sweep's drivers have spent, with what is told next."""
        self._study.set_user_attr(SECONDS, seconds)

    @property
    def is_begun(self) -> bool:
        """Whether what the sweep begins with is settled."""
        return FIRST_TRIALS in self._study.user_attrs

    def begin(self, lessons: Sequence[Lesson], first: Sequence[Mapping[str, Any]]) -> None:
        """Settle what the sweep begins with; a driver that dies at it leaves it to the next.

        Args:
            lessons: what the sampler is taught.
            first: values of the first trials' parameters, by name, as far as they are given.
        """
        known = {t.user_attrs.get(TAUGHT) for t in self._study.get_trials(deepcopy=False)}
        for lesson in lessons:
            if lesson.origin not in known:
                self._study.add_trial(self._taught(lesson))
                self._lessons += 1
        self._study.set_user_attr(FIRST_TRIALS, [dict(values) for values in first])
        self._journal.flush()

    def _taught(self, lesson: Lesson) -> FrozenTrial:
        values, constraints = self._verdict(lesson.outcome)
        return optuna.trial.create_trial(
            params=dict(lesson.params),
            distributions=distributions_of(self._space.section, lesson.params),
            values=values,
            constraints=constraints,
            user_attrs={TAUGHT: lesson.origin},
        )

    @property
    def first_trials(self) -> int:
        """Number of first trials whose settings are given, as far as they are."""
        return len(self._first)

    @property
    def next_number(self) -> int:
        """The number of the next new trial."""
        return self._asked

    def readmit(
        self,
        params: Mapping[str, Any],
        stopped_after: int | None,
        reason: StopReason = StopReason.BELOW_FRONT,
    ) -> None:
        """Take in the next trial as it was handed out once, its outcome still to be told.

        Args:
            params: values of its parameters; those that are missing are drawn anew.
            stopped_after: round after which it was stopped early; null if it was not.
            reason: why it was stopped.
        """
        distributions = distributions_of(self._space.section, params) if params else {}
        known: dict[str, Any] = {"params": dict(params), "distributions": distributions}
        if stopped_after is None:
            trial = optuna.trial.create_trial(state=TrialState.RUNNING, **known)
        else:
            attributes = {STOPPED_AFTER: stopped_after, ATTEMPTS: 1, OUTCOME: reason.value}
            trial = optuna.trial.create_trial(
                state=TrialState.PRUNED,
                constraints=self._kept(),
                user_attrs=attributes,
                **known,
            )
            self._told += 1
        self._study.add_trial(trial)
        self._asked += 1
        self._journal.flush()

    def unfinished(self) -> list[int]:
        """Return the numbers of trials an earlier driver left running, in order."""
        return [n for n in self._numbers(TrialState.RUNNING) if n not in self._open]

    def finished(self) -> list[int]:
        """Return the numbers of the trials whose end is known, in order."""
        return self._numbers(*ENDED)

    def stopped(self) -> dict[int, int]:
        """Return number -> round after which it was stopped, of trials that were stopped early."""
        numbers = self._numbers(TrialState.PRUNED)
        return {n: int(self._stored(n).user_attrs[STOPPED_AFTER]) for n in numbers}

    def stop_reason(self, number: int) -> StopReason:
        """Return why a trial was stopped early."""
        # Earlier versions kept none of trials that were taken in from their rows.
        return StopReason(self._stored(number).user_attrs.get(OUTCOME, StopReason.BELOW_FRONT))

    def _numbers(self, *states: TrialState) -> list[int]:
        trials = self._study.get_trials(deepcopy=False, states=states)
        return [t.number - self._lessons for t in trials if TAUGHT not in t.user_attrs]

    def _stored(self, number: int) -> FrozenTrial:
        return self._study.get_trials(deepcopy=False)[number + self._lessons]

    def recall(self, number: int) -> Proposal:
        """Return a finished trial as it was handed out last.

        Raises:
            RefusedTrialError: it never was, since its settings do not go together.
        """
        trial = self._stored(number)
        config = self._sample(number, Recalled(self._current(trial.params)))
        return Proposal(number, int(trial.user_attrs[ATTEMPTS]), config)

    def _current(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return stored values of parameters by the names that the parameters have today."""
        return current_parameters(params, [name for name, _ in self._space.parameters])

    def is_open(self, number: int) -> bool:
        """Whether a trial is handed out and waits for its outcome."""
        return number in self._open

    def is_promoted(self, number: int) -> bool:
        """Whether a trial goes on where another one ended, which shares its rounds."""
        return self.stored_pieces(number) > 0

    def stored_pieces(self, number: int) -> int:
        """Return the pieces of the trial that a promoted one goes on with; 0 for others."""
        if self._rungs is None or number < len(self._first):
            return 0
        params = self._current(self._stored(number).params)
        return self._rungs.below(int(params.get(RUNG, 0)))

    def ask(self) -> Proposal:
        """Ask the sampler for a new trial.

        Raises:
            RefusedTrialError: its settings do not go together; it waits to be told so.
        """
        number = self._asked
        self._study.sampler = self._sampler(number)
        self._asked += 1
        return self._propose(number, self._study.ask())

    def reopen(self, number: int) -> Proposal:
        """Hand out a trial again that did not end: same number, same settings.

        Raises:
            RefusedTrialError: they do not go together; it waits to be told so.
        """
        if number not in self._open:
            self._study.sampler = self._sampler(number)
            self._open[number] = Trial(self._study, self._stored(number)._trial_id)
        return self._propose(number, self._open[number])

    def _sampler(self, number: int) -> BaseSampler:
        """Return who proposes a trial: the first trials' list, the grid, a rung or the sampler."""
        fixed = [*self._first, *self._points]
        random = RandomSampler(seed=seed_of(self._seed, number))
        lowest = self._rungs.first if self._rungs else {}
        if number < len(fixed):
            return Fixed({**lowest, **fixed[number]}, random)
        if self._rungs and (climbs := self._rungs.climb(self._study.get_trials(deepcopy=False))):
            return Fixed(climbs, random)
        sampler = new_sampler(self._settings, self._seed, number, self._common)
        return Fixed(lowest, sampler) if lowest else sampler

    @property
    def _first(self) -> Sequence[Mapping[str, Any]]:
        """Values that the first trials are given."""
        first: Sequence[Mapping[str, Any]] = self._study.user_attrs.get(FIRST_TRIALS, ())
        return first

    def _propose(self, number: int, trial: Trial) -> Proposal:
        self._open[number] = trial
        config = self._sample(number, Asked(trial))
        attempt = self._count_attempt(trial, by=1)
        self._journal.flush()
        return Proposal(number, attempt, config)

    def _sample(self, number: int, answers: Suggest) -> AdaptationConfig:
        try:
            return self._space.sample(answers)
        except RefusedSettingsError as refused:
            raise RefusedTrialError(number, refused, self._space) from refused

    def _count_attempt(self, trial: Trial, by: int) -> int:
        attempts = int(trial.user_attrs.get(ATTEMPTS, 0)) + by
        trial.set_user_attr(ATTEMPTS, attempts)
        return attempts

    def tell(
        self,
        number: int,
        last: Figures,
        note: str,
        images_without_reuse: int = 0,
    ) -> None:
        """Tell the outcome of an open trial.

        One whose last network lacks a figure of the objectives is of no use.

        Args:
            number: the trial's number.
            last: its last network.
            note: why the trial stopped, for people.
            images_without_reuse: images through backward that it would have paid for, had it
                shared nothing.
        """
        self._open[number].set_user_attr(IMAGES, images_without_reuse)
        if self._rungs is not None:
            self._open[number].set_user_attr(JUDGED_ON, last.val_images)
        if lacking := [o.name for o in self._settings.objectives if math.isnan(o.of(last))]:
            self.tell_infeasible(number, f"{note}, and its {' and '.join(lacking)} is not known")
        else:
            self._close(number, self._verdict(last), note)

    def tell_infeasible(self, number: int, note: str) -> None:
        """Tell that an open trial's settings lead to no usable network."""
        self._close(number, self._verdict(None), note)

    def tell_stopped(self, number: int, after_round: int, reason: StopReason) -> None:
        """Tell that an open trial was stopped early: how it would have ended is not known."""
        self._open[number].set_user_attr(STOPPED_AFTER, after_round)
        self._close(number, (None, self._kept()), reason.value)

    def drop(self, number: int) -> None:
        """Close an open trial that nobody began: no sampler hears of it, and its number is gone."""
        self._study.tell(self._open.pop(number), state=TrialState.FAIL)
        self._journal.flush()

    def _kept(self) -> dict[str, float]:
        """Return the constraints of a trial that was stopped early: none is violated."""
        return dict.fromkeys((USABLE, *self._settings.bounds.given), 0.0)

    def _verdict(self, outcome: Figures | None) -> Verdict:
        """Return what is told of an outcome, or of settings without a usable network."""
        bounds = self._settings.bounds
        if outcome is None:
            worst = dict.fromkeys((USABLE, *bounds.given), WORST)
            return [self._worst(o) for o in self._settings.objectives], worst
        values = [objective.of(outcome) for objective in self._settings.objectives]
        return values, {USABLE: 0.0, **violations(bounds, outcome)}

    def _worst(self, objective: Figure) -> float:
        return 0.0 if objective.higher_is_better else self._reference[objective]

    def _close(self, number: int, verdict: Verdict, note: str) -> None:
        values, constraints = verdict
        trial = self._open[number]
        trial.set_user_attr(OUTCOME, note)
        for name, violation in constraints.items():
            trial.set_constraint(name, violation)
        if values is None:
            self._study.tell(trial, state=TrialState.PRUNED)
        else:
            assert all(math.isfinite(value) for value in values)
            self._study.tell(trial, values)
        self._journal.flush()
        del self._open[number]
        self._told += 1

    def release(self) -> None:
        """Give back the trials still open: an orderly stop is not an attempt that failed."""
        for trial in self._open.values():
            self._count_attempt(trial, by=-1)
        self._journal.flush()
        self._open.clear()
