"""Records with made-up figures, of which a test names only those it is about."""

from dataclasses import replace
from typing import Any

from tatl_search.figures import Figures, fields_of
from tatl_search.records import CandidateRecord, Kind, StopReason, TrialRecord, TrialState
from tatl_search.search.report import CandidateReport

_CANDIDATE = CandidateRecord(
    sweep="made",
    kind=Kind.PRUNED,
    label="trial 3 round 2",
    trial=3,
    round=2,
    stage="c0ffee" * 10,
    accuracy=0.9,
    loss=0.3,
    val_images=400,
    macs=8_000_000,
    parameters=600_000,
    size_bytes=2_400_000,
    latency_ms=None,
    image_size=32,
    network="timm/tf_efficientnet_lite0",
    units_pruned=12,
    units_left=88,
    images_trained=1000,
    images_without_reuse=1000,
    images_forward=300,
    seconds=1.5,
    reused=False,
    settings='{"seed": 0}',
    plan='{"removals": [], "notes": []}',
    device="cpu",
    created_at="2026-01-01T00:00:00+00:00",
)

_TRIAL = TrialRecord(
    sweep="made",
    trial=3,
    state=TrialState.COMPLETE,
    stop_reason=StopReason.MAX_ROUNDS,
    infeasible_reason=None,
    detail="8 rounds done",
    rounds=8,
    attempts=1,
    settings='{"seed": 0}',
    seconds=60.0,
    created_at="2026-01-01T00:01:00+00:00",
)


def made_figures(**changes: Any) -> Figures:
    return replace(Figures(**fields_of(Figures, _CANDIDATE)), **changes)


def made_report(**changes: Any) -> CandidateReport:
    """Return the report of a network that is pruned on."""
    report = CandidateReport(
        **fields_of(Figures, _CANDIDATE),
        label="trial 3 round 2",
        trial=3,
        round=2,
        stage="c0ffee" * 10,
        finished=0,
        max_rounds=8,
        images_trained=1000,
        seconds=1.5,
        stop_reason=None,
    )
    return replace(report, **changes)


def made_candidate(**changes: Any) -> CandidateRecord:
    return replace(_CANDIDATE, **changes)


def made_trial(**changes: Any) -> TrialRecord:
    return replace(_TRIAL, **changes)
