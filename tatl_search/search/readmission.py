"""Trials that have rows and that the study does not know: its journal is an older snapshot."""

from collections.abc import Iterable, Mapping
from typing import Any

from tatl_search.config import plain_settings
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.search.study import SweepStudy
from tatl_search.space import SearchSpace
from tatl_search.space.given import given


def readmit(
    study: SweepStudy,
    space: SearchSpace,
    candidates: Iterable[CandidateRecord],
    trials: Iterable[TrialRecord],
) -> list[str]:
    """Take trials that only their rows know into the study, under their numbers and settings.

    They are handed out again like all that did not end, which finds their stages stored. One that
    was stopped early is taken in as such. A number without rows is drawn anew: nothing of it was
    finished.

    Returns:
        Notes for people.
    """
    ended = {row.trial: row for row in trials}
    settings = {row.trial: row.settings for row in candidates if row.trial is not None}
    settings |= {number: row.settings for number, row in ended.items()}
    unknown = range(study.next_number, max(settings, default=-1) + 1)
    for number in unknown:
        row = ended.get(number)
        params = _params(space, plain_settings(settings.get(number, "{}")))
        if row and row.state is TrialState.STOPPED and row.stop_reason:
            study.readmit(params, row.rounds, row.stop_reason)
        else:
            study.readmit(params, None)
    if not unknown:
        return []
    return [f"{len(unknown)} trials that the journal does not know are taken in from their rows"]


def _params(space: SearchSpace, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the values of all parameters that lead to some settings; none if none do."""
    if not settings:
        return {}
    fitting = given(space.section, settings)
    return {} if fitting.open else fitting.values
