"""From a choice on the front to the folder a user takes away."""

from collections.abc import Sequence
from pathlib import Path

from tatl_search.config import read_settings
from tatl_search.data.sources import stored_target
from tatl_search.deploy.bundle import BundleReport, write_bundle
from tatl_search.deploy.destination import free_destination
from tatl_search.deploy.formats import formats_of
from tatl_search.deploy.pick import Choice
from tatl_search.deploy.restore import restore
from tatl_search.errors import InputError
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.store import SweepResults


def ship(
    results: SweepResults, choice: Choice, destination: Path, formats: Sequence[str] = ()
) -> BundleReport:
    """Export the chosen network, proven, together with the figures of the unpruned one.

    Args:
        results: the sweep it was chosen from.
        choice: the network and why it was chosen.
        destination: the folder to write; must not exist, or be empty.
        formats: names of formats besides ONNX and `model.pt2`.

    Raises:
        InputError: the destination is taken, a format is unknown, or the data is not what the
            network was trained on.
        RunError: the network cannot be exported, or computed again where it was evicted, or a
            proof failed.
        StorageError: its stage is gone or damaged, or the destination cannot be written.
    """
    destination = free_destination(destination)  # before a network is computed again
    formats_of(formats)
    picked = choice.candidate
    unpruned = unpruned_of(results, picked)
    target, beside = (
        stored_target(read_settings(row.settings).data, results.folder.data)
        for row in (picked, unpruned)
    )
    for record in (picked, unpruned):
        restore(results, record)
    return write_bundle(destination, results, picked, unpruned, target, choice.why, formats, beside)


def unpruned_of(results: SweepResults, picked: CandidateRecord) -> CandidateRecord:
    """Return the unpruned fine-tuned network that a candidate is compared with.

    It is round 0 of its trial. Of a baseline, and where the trial began with a cut, it is the
    sweep's: of the same network and input size if there is one, then the largest.

    Raises:
        InputError: its row is missing.
    """
    for row in results.candidates:
        if row.trial is not None and row.trial == picked.trial and row.round == 0:
            return row
    unpruned = [row for row in results.candidates if row.kind is Kind.UNPRUNED]
    alike = [row for row in unpruned if row.network == picked.network]
    same = [row for row in alike if row.image_size == picked.image_size]
    if found := same or alike or unpruned:
        return max(found, key=lambda row: (row.macs, row.accuracy))
    raise InputError(
        f"the row of the unpruned network of {picked.label} is missing; `tatl-search resume`"
        " trains it"
    )
