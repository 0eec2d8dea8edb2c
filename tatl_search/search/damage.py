"""What a sweep lost after it was stored: rows and networks that are no longer whole."""

from collections.abc import Iterable

from tatl_search.adaptation.opening import open_store
from tatl_search.config import read_settings
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.remote.mirror import mirror_of
from tatl_search.tracking.reading import read_records


def damaged_trials(folder: SweepFolder, finished: Iterable[int]) -> list[int]:
    """Return the finished trials of which a row or a network is missing or damaged.

    Running such a trial again restores it: what is whole is found stored, the rest is computed
    as it was the first time.

    Args:
        folder: the sweep's folder.
        finished: numbers of the trials that the study holds as finished.
    """
    store = open_store(folder, mirror_of(folder))
    candidates = read_records(folder.candidates, CandidateRecord)
    whole_stages = {key for key in {c.stage for c in candidates} if store.holds(key)}
    whole = {(c.trial, c.round) for c in candidates if c.stage in whole_stages}
    records = {record.trial: record for record in read_records(folder.trials, TrialRecord)}
    return [
        number
        for number in finished
        if number not in records
        or any((number, round_) not in whole for round_ in _rounds(records[number]))
    ]


def _rounds(record: TrialRecord) -> range:
    """Return the rounds whose networks a trial has; one without a usable network may have none."""
    reached = record.state is TrialState.COMPLETE or record.rounds > 0
    first = read_settings(record.settings).first_round if reached else 0
    return range(first, record.rounds + 1 if reached else 0)
