"""A front judged: its networks, and those to beat, measured once on images that no search saw."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import torch

from tatl_search.adaptation.stages import Stage
from tatl_search.adaptation.workbench import Workbench
from tatl_search.data.target import Split
from tatl_search.deploy.prove import check_accuracy, load_checked
from tatl_search.deploy.restore import restored, workbench_of
from tatl_search.errors import InputError, RunError, StorageError
from tatl_search.figures import Evaluated
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.threads import torch_threads
from tatl_search.records import CandidateRecord, JudgedRecord
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults
from tatl_search.tracking.parquet import write_judged

Announce = Callable[[str], None]


@dataclass(frozen=True)
class _Ready:
    """A network that is about to be judged: stored, and found to be what its row says."""

    row: CandidateRecord
    stage: Stage
    bench: Workbench


def to_be_judged(results: SweepResults) -> list[CandidateRecord]:
    """Return the front, the unpruned network and the baselines, each network once.

    What was judged before is left out.
    """
    unpruned = () if results.unpruned is None else (results.unpruned,)
    wanted = (*front_of(results).distinct(), *unpruned, *results.baselines)
    known = {judged.stage for judged in results.judged}
    return list({row.stage: row for row in reversed(wanted) if row.stage not in known}.values())


def judge_front(results: SweepResults, announce: Announce) -> list[str]:
    """Measure what was not judged before on the test split, and store what it says.

    First every network is brought back, where it was evicted, and found to do on the validation
    images what its row says. Then the test split is opened, once for all of them. Where nothing is
    new it stays shut.

    Args:
        results: the sweep, which no driver runs.
        announce: told what is done.

    Returns:
        Which networks could not be judged, and why.

    Raises:
        StorageError: the sweep's folder cannot be written; what was judged is kept.
    """
    ready, failures = _prepared(results, to_be_judged(results), announce)
    if not ready:
        return failures
    plural = "" if len(ready) == 1 else "s"
    announce(f"judging {len(ready)} network{plural} on the test images")
    why = f"judging {_listed(ready)}"
    splits: dict[str, Split] = {}
    for one in ready:
        target = one.bench.target
        if target.fingerprint not in splits:
            # The same images at another size are no second opening.
            log = None if splits else results.folder.test_log
            splits[target.fingerprint] = target.open_test(why, log)
        split = splits[target.fingerprint]
        found = _measured(one, split)
        write_judged(results.folder, _judged(one.row, found, len(split)))
    return failures


def _prepared(
    results: SweepResults, rows: Iterable[CandidateRecord], announce: Announce
) -> tuple[list[_Ready], list[str]]:
    """Return the networks that can be judged, and why others cannot."""
    ready, failures = [], []
    for row in rows:
        announce(f"checking {row.label}")
        try:
            one = _Ready(row, restored(results, row), _bench(results, row))
            load_checked(one.stage.folder, row, one.bench.target)
            check_accuracy(_measured(one, one.bench.target.val).accuracy, row, "stored")
        except (InputError, RunError, StorageError) as error:
            failures.append(f"{row.label}: {error}")
        else:
            ready.append(one)
    return ready, failures


def _bench(results: SweepResults, row: CandidateRecord) -> Workbench:
    bench = workbench_of(results, row, "judged")
    at_hand = bench.device != "cuda" or torch.cuda.is_available()
    return bench if at_hand else replace(bench, device="cpu")


def _measured(one: _Ready, split: Split) -> Evaluated:
    network = one.bench.network_of(one.stage)
    with torch_threads(one.bench.threads):
        return evaluate(network.module, one.bench.unchanged(split, network)())


def _judged(row: CandidateRecord, found: Evaluated, images: int) -> JudgedRecord:
    return JudgedRecord(
        sweep=row.sweep,
        label=row.label,
        stage=row.stage,
        accuracy=found.accuracy,
        loss=found.loss,
        macro_f1=found.macro_f1,
        balanced_accuracy=found.balanced_accuracy,
        test_images=images,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _listed(ready: Sequence[_Ready]) -> str:
    labels = [one.row.label for one in ready]
    more = f" and {len(labels) - 3} more" if len(labels) > 3 else ""
    return ", ".join(labels[:3]) + more
