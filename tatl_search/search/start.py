"""What a sweep begins with: named settings, the paper's, and what earlier sweeps found."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from tatl_search.config import (
    AdaptationConfig,
    DataSettings,
    StartSettings,
    plain_settings,
    read_settings,
)
from tatl_search.data.sources import target_at_hand
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.paths import user_path
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.answers import Recalled
from tatl_search.search.study import Lesson, SweepStudy
from tatl_search.space import SearchSpace
from tatl_search.space.faults import Faults
from tatl_search.space.fields import unknown_key
from tatl_search.space.given import flat, given

BEST_OF_ANOTHER_TASK = 5
"""First trials that one sweep of another task brings along, spread over its front."""


class Found(NamedTuple):
    """What one source of first trials brings.

    Attributes:
        lessons: trials of the same task.
        first: values of parameters to try first.
        notes: for people: what was left out, and why.
    """

    lessons: list[Lesson]
    first: list[Mapping[str, Any]]
    notes: list[str]


def check_start(start: StartSettings) -> None:
    """Raise InputError if an earlier sweep to start from is none."""
    for folder in start.sweeps:
        try:
            load_sweep(user_path(folder, "start.sweeps"))
        except InputError as error:
            raise InputError(f"start.sweeps: {error}") from error


def check_named(space: SearchSpace) -> None:
    """Raise InputError if a first trial names a setting that does not exist.

    What exists and is not searched, or not with such a value, is left out when the sweep begins.
    """
    faults = Faults("the first trials")
    for n, settings in enumerate(space.sweep.start.settings):
        place = space.tree.nearest(("sweep", "start", "settings", n)).place
        for path in flat(settings):
            if unknown := unknown_key(AdaptationConfig, path.split(".")):
                faults.add_unknown(place, f"sweep.start.settings.{n}.{path}", *unknown)
    faults.raise_if_any()


def begin(study: SweepStudy, space: SearchSpace, folder: SweepFolder) -> list[str]:
    """Settle what a new sweep begins with; does nothing for one that has begun.

    Args:
        study: the sweep's, to which nothing was handed out yet.
        space: what it searches.
        folder: the sweep's, its data packed.

    Returns:
        Notes for people: what was taken along, and what was left out and why.

    Raises:
        InputError: an earlier sweep cannot be read.
    """
    if study.is_begun:
        return []
    start = space.sweep.start
    sources = [
        _named(space, settings, f"settings {n}") for n, settings in enumerate(start.settings)
    ]
    if start.paper:
        sources.append(_paper(space))
    sources += [
        _earlier(space, folder, load_sweep(user_path(path, "start.sweeps")))
        for path in start.sweeps
    ]
    lessons = [lesson for source in sources for lesson in source.lessons]
    first = [values for source in sources for values in source.first]
    study.begin(lessons, first)
    return [f"start: {note}" for source in sources for note in source.notes]


def _named(space: SearchSpace, settings: Mapping[str, Any], name: str) -> Found:
    fitting = given(space.section, settings)
    notes = [f"{name}: {path} is left out: {why}" for path, why in fitting.refused.items()]
    return Found([], [fitting.values] if fitting.values else [], notes)


def _paper(space: SearchSpace) -> Found:
    """Return the defaults of what is searched; what they leave open is drawn."""
    fitting = given(space.section, AdaptationConfig().model_dump(mode="json"))
    searched = [
        f"paper: {path} is left out: {why}"
        for path, why in fitting.refused.items()
        if "not searched" not in why
    ]
    return Found([], [fitting.values] if fitting.values else [], searched)


def _earlier(space: SearchSpace, folder: SweepFolder, results: SweepResults) -> Found:
    """Return what an earlier sweep teaches of this task, or suggests for another one."""
    same = _SameTask(space, folder, results.folder)
    last = {row.trial: row for row in results.candidates}  # ordered by round: the last one stays
    lessons = [
        lesson
        for trial in results.trials
        if trial.state is not TrialState.STOPPED
        and (lesson := _lesson(same, results.manifest.name, trial, last.get(trial.trial)))
    ]
    name = results.manifest.name
    if lessons:
        left = len(results.trials) - len(lessons)
        note = f"{name}: {len(lessons)} trials of the same task are known, {left} left out"
        return Found(lessons, [], [note])
    return _suggestions(space, name, results)


def _suggestions(space: SearchSpace, name: str, results: SweepResults) -> Found:
    """Return the settings of networks spread over the front of another task."""
    by_trial = {row.trial: row for row in front_of(results).distinct() if row.trial is not None}
    rows = list(by_trial.values())
    spread = np.linspace(0, len(rows) - 1, min(len(rows), BEST_OF_ANOTHER_TASK)).round()
    first: list[Mapping[str, Any]] = []
    for place in spread.astype(int):
        values = given(space.section, plain_settings(rows[place].settings)).values
        if values and values not in first:
            first.append(values)
    note = (
        f"{name}: another task, other settings or its images gone; {len(first)} of its settings"
        " are tried first"
    )
    return Found([], first, [note])


class _SameTask:
    """Tells whether an earlier trial is one that this sweep could have run, on the same images."""

    def __init__(self, space: SearchSpace, here: SweepFolder, there: SweepFolder) -> None:
        self._space = space
        self._here = here
        self._there = there
        self.objectives = space.sweep.objectives
        self._fingerprints: dict[tuple[Path, DataSettings], str | None] = {}

    def params_of(self, trial: TrialRecord) -> Mapping[str, Any] | None:
        """Return the values of all parameters that lead to an earlier trial; null if none do."""
        fitting = given(self._space.section, plain_settings(trial.settings))
        if fitting.open:
            return None
        try:
            own = self._space.sample(Recalled(fitting.values))
            earlier = read_settings(trial.settings)
        except InputError:
            return None  # they do not go together: nothing ran
        if _compared(own) != _compared(earlier):
            return None
        there = self._images(self._there, earlier)
        return fitting.values if there and there == self._images(self._here, own) else None

    def _images(self, folder: SweepFolder, config: AdaptationConfig) -> str | None:
        """Return the fingerprint of a configuration's images; null where they are not at hand."""
        key = (folder.data, config.data)
        if key not in self._fingerprints:
            target = target_at_hand(config.data, folder.data)
            self._fingerprints[key] = target.fingerprint if target else None
        return self._fingerprints[key]


def _compared(config: AdaptationConfig) -> dict[str, Any]:
    """Return all settings in which two trials of the same task are alike."""
    return config.model_dump(mode="json", exclude={"seed": True, "data": {"path"}})


def _lesson(
    same: _SameTask, name: str, trial: TrialRecord, last: CandidateRecord | None
) -> Lesson | None:
    params = same.params_of(trial)
    if params is None or (last is None and trial.state is TrialState.COMPLETE):
        return None
    outcome = last if trial.state is TrialState.COMPLETE else None
    if outcome is not None and any(math.isnan(o.of(outcome)) for o in same.objectives):
        return None
    return Lesson(f"{name}/trial-{trial.trial}", params, outcome)
