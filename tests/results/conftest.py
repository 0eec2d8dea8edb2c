"""Whole sweep folders of real Parquet, with figures small enough to check by eye.

The unpruned network has 100 M MACs, 1 M parameters and 4 MB; a candidate at a MACs share s has
s of each. Three trials and a fourth that collapsed:

    trial 0: round 0  0.95 at 1.00   round 1  0.94 at 0.60   round 2  0.90 at 0.30
    trial 1: round 0  the same       round 1  0.93 at 0.70   round 2  0.70 at 0.20
    trial 2: round 0  the same       round 1  the same as trial 0's

So the front is 0.95 at 1.00 (three times), 0.94 at 0.60 (twice), 0.90 at 0.30, 0.70 at 0.20;
trial 1's round 1 is dominated. Each fine-tuning costs 1000 images and each round 500.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from tatl_search.config import SweepSettings
from tatl_search.errors import InfeasibleReason
from tatl_search.figures import ACCURACY, MACS, Figure
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord, JudgedRecord, Kind, StopReason, TrialState
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.tracking.parquet import ParquetTracker, write_judged
from tests.tracking.made import made_candidate, made_trial

SweepWriter = Callable[..., SweepResults]

UNPRUNED = {"macs": 100_000_000, "parameters": 1_000_000, "size_bytes": 4_000_000}


def network(accuracy: float, share: float) -> dict[str, float | int]:
    costs = {name: round(cost * share) for name, cost in UNPRUNED.items()}
    return {"accuracy": accuracy, "loss": 1.0 - accuracy, **costs}


def unpruned(trial: int | None, reused: bool) -> CandidateRecord:
    return made_candidate(
        kind=Kind.UNPRUNED,
        label="unpruned",
        trial=trial,
        round=0,
        stage="root",
        images_trained=0 if reused else 1000,
        images_without_reuse=0 if trial is None else 1000,
        reused=reused,
        **network(0.95, 1.0),
    )


def pruned(
    trial: int, round_index: int, accuracy: float, share: float, stage: str, reused: bool = False
) -> CandidateRecord:
    return made_candidate(
        label=f"trial {trial} round {round_index}",
        trial=trial,
        round=round_index,
        stage=stage,
        images_trained=0 if reused else 500,
        images_without_reuse=500,
        reused=reused,
        **network(accuracy, share),
    )


def baseline(label: str, accuracy: float, share: float) -> CandidateRecord:
    return made_candidate(
        kind=Kind.BASELINE,
        label=label,
        trial=None,
        round=0,
        stage=label,
        images_trained=4000,
        images_without_reuse=4000,
        image_size=24,
        **network(accuracy, share),
    )


CANDIDATES = (
    unpruned(None, reused=False),
    unpruned(0, reused=True),
    pruned(0, 1, 0.94, 0.60, "a1"),
    pruned(0, 2, 0.90, 0.30, "a2"),
    unpruned(1, reused=True),
    pruned(1, 1, 0.93, 0.70, "b1"),
    pruned(1, 2, 0.70, 0.20, "b2"),
    unpruned(2, reused=True),
    pruned(2, 1, 0.94, 0.60, "a1", reused=True),
)

TRIALS = (
    made_trial(trial=0, stop_reason=StopReason.MAX_ROUNDS, detail="2 rounds done", rounds=2),
    made_trial(trial=1, stop_reason=StopReason.MAX_DROP, detail="fell by 0.25", rounds=2),
    made_trial(trial=2, stop_reason=StopReason.NO_CANDIDATES, detail="none left", rounds=1),
    made_trial(
        trial=3,
        state=TrialState.INFEASIBLE,
        stop_reason=None,
        infeasible_reason=InfeasibleReason.COLLAPSED.value,
        detail="accuracy 0.11 is that of guessing",
        rounds=0,
    ),
)


def manifest(name: str, objectives: Sequence[Figure]) -> SweepManifest:
    return SweepManifest(
        name=name,
        created_at="2026-01-01T00:00:00+00:00",
        sweep=SweepSettings(trials=4, objectives=tuple(objectives)),
        space={"prune": {"threshold": {"low": 0.8, "high": 0.99}}},
        reference={o: UNPRUNED[o.key] for o in objectives if o.key in UNPRUNED},
    )


@pytest.fixture
def write_sweep(tmp_path: Path) -> SweepWriter:
    """Return what writes a sweep's folder and loads it."""

    def write(
        candidates: Sequence[CandidateRecord] = CANDIDATES,
        baselines: Sequence[CandidateRecord] = (),
        objectives: Sequence[Figure] = (ACCURACY, MACS),
        name: str = "made",
    ) -> SweepResults:
        folder = SweepFolder(tmp_path / "sweep")
        folder.root.mkdir()
        folder.manifest.write_text(manifest(name, objectives).to_yaml())
        folder.environment.write_text(json.dumps({"python": "3.11", "cpus": 2}))
        tracker = ParquetTracker(folder)
        for row in (*candidates, *baselines):
            tracker.candidate(row)
        for ending in TRIALS:
            tracker.trial(ending)
        return load_sweep(folder.root)

    return write


ON_TEST = {"root": 0.93, "a1": 0.94, "a2": 0.85, "b2": 0.66, "input 24 px": 0.91}
"""Accuracy on 1,000 test images, of the front of the sweep above and of one of its baselines."""


def judged(stage: str, accuracy: float) -> JudgedRecord:
    return JudgedRecord(
        sweep="made",
        label=stage,
        stage=stage,
        accuracy=accuracy,
        loss=1.0 - accuracy,
        macro_f1=accuracy - 0.01,
        balanced_accuracy=accuracy,
        test_images=1000,
        created_at="2026-01-02T00:00:00+00:00",
    )


@pytest.fixture
def judged_results(results: SweepResults) -> SweepResults:
    """Return the sweep of `results`, its front judged."""
    for stage, accuracy in ON_TEST.items():
        write_judged(results.folder, judged(stage, accuracy))
    return load_sweep(results.folder.root)


@pytest.fixture
def results(write_sweep: SweepWriter) -> SweepResults:
    """Return the sweep above with two baselines off the front."""
    return write_sweep(
        baselines=(baseline("input 24 px", 0.88, 0.30), baseline("input 16 px", 0.80, 0.30))
    )


@pytest.fixture
def contested(write_sweep: SweepWriter) -> SweepResults:
    """Return the same with one of the baselines on the front, in the place of trial 0's round 2."""
    return write_sweep(
        baselines=(baseline("input 24 px", 0.92, 0.30), baseline("input 16 px", 0.80, 0.30))
    )
