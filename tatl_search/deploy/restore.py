"""A network whose weights were evicted, computed again from its settings."""

from dataclasses import replace

import torch

from tatl_search.adaptation.eviction import recompute
from tatl_search.adaptation.key_forms import key_form
from tatl_search.adaptation.opening import open_store, open_workbench
from tatl_search.adaptation.stages import Stage, StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import read_settings
from tatl_search.errors import RunError, StorageError
from tatl_search.manifest import SweepManifest
from tatl_search.nets.threads import torch_threads
from tatl_search.records import CandidateRecord, Kind
from tatl_search.remote.mirror import mirror_of
from tatl_search.results.store import SweepResults


def restore(results: SweepResults, record: CandidateRecord) -> None:
    """Compute a candidate's network again if it was evicted; one that is there is left alone.

    Equal bit for bit to what was evicted on the same kind of CPU.

    Raises:
        InputError: the data is not what the network was trained on.
        RunError: it cannot be computed here.
        StorageError: the sweep's folder cannot be written.
    """
    store = open_store(results.folder, mirror_of(results.folder))
    if store.find(record.stage) or not store.is_evicted(record.stage):
        return
    if not store.is_reproducible(record.stage):
        raise RunError(
            f"the network of {record.label} was evicted to save space, and another version of"
            " tatl-search trained it: only that version can compute it again. Pick another network."
        )
    if results.manifest.sweep.device == "cuda" and not torch.cuda.is_available():
        raise RunError(
            f"the network of {record.label} was evicted to save space, and this machine has no GPU"
            " to compute it again as it was; pick on one that has"
        )
    bench = workbench_of(results, record, "restored")
    with torch_threads(bench.threads):
        found = recompute(bench, record.stage)
    if found is None:
        raise RunError(
            f"the network of {record.label} was evicted to save space, and its settings no longer"
            " lead to it: data, weights or version are not what they were"
        )


def restored(results: SweepResults, record: CandidateRecord) -> Stage:
    """Return the stored network of a candidate, computed again if it was evicted.

    Raises:
        InputError: the data is not what the network was trained on.
        RunError: it cannot be computed here.
        StorageError: it is gone or damaged, or the sweep's folder cannot be written.
    """
    restore(results, record)
    stage = StageStore(results.folder.stages).get(record.stage)
    if stage is None:
        raise StorageError(
            f"the network of {record.label} is gone or damaged:"
            f" {results.folder.stages / record.stage}. `tatl-search resume` computes it again."
        )
    return stage


def workbench_of(results: SweepResults, record: CandidateRecord, purpose: str) -> Workbench:
    """Return a workbench with a candidate's settings, threads and device.

    Args:
        results: its sweep.
        record: the candidate.
        purpose: what for; names who pays for the stages.

    Raises:
        InputError: the data cannot be opened.
    """
    manifest = results.manifest
    config = read_settings(record.settings)
    return replace(
        open_workbench(
            results.folder, config, f"{manifest.name}/{purpose}", mirror_of(results.folder)
        ),
        device=manifest.sweep.device,
        threads=manifest.sweep.cpus_per_trial,
        root_threads=root_threads(manifest, record),
        key_form=key_form(manifest.code_version),
    )


def root_threads(manifest: SweepManifest, record: CandidateRecord) -> int:
    """Return the torch threads of a candidate's first fine-tuning; a baseline's is a trial's."""
    alone = record.kind is Kind.BASELINE
    return manifest.sweep.cpus_per_trial if alone else manifest.root_threads
