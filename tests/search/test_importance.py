"""The setting that decides is found; too few trials say nothing."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tatl_search.config import SweepSettings
from tatl_search.errors import InfeasibleReason
from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import StopReason, TrialRecord, TrialState
from tatl_search.results.importance import Importance
from tatl_search.results.store import SweepResults
from tatl_search.search.importance import importance_of
from tests.tracking.made import made_candidate, made_trial

SPACE = {
    "prune": {"rate": {"low": 0.1, "high": 0.4, "step": 0.1}},
    "finetune": {
        "optimizer": {"choices": {"sgd": {}, "adamw": {"weight_decay": {"low": 0.0, "high": 0.2}}}}
    },
    "retrain": {"momentum": {"low": 0.8, "high": 0.9, "step": 0.1}},
}


def settings_of(number: int) -> Mapping[str, Any]:
    """Return settings of all combinations in turn."""
    adamw = {"optimizer": "adamw", "weight_decay": 0.001 * number}
    return {
        "prune": {"rate": 0.1 * (1 + number % 4)},
        "finetune": adamw if number // 4 % 2 else {"optimizer": "sgd"},
        "retrain": {"momentum": 0.8 + 0.1 * (number // 8 % 2)},
    }


def ended(number: int, state: TrialState) -> TrialRecord:
    return made_trial(
        trial=number,
        state=state,
        stop_reason=StopReason.MAX_ROUNDS if state is TrialState.COMPLETE else None,
        infeasible_reason=InfeasibleReason.COLLAPSED if state is TrialState.INFEASIBLE else None,
        settings=json.dumps(settings_of(number)),
    )


def sweep(trials: Iterator[TrialRecord], space: Mapping[str, Any] = SPACE) -> SweepResults:
    """Return a sweep in which the rate alone decides: 0.1 leads to accuracy 0.9 at few MACs."""
    endings = tuple(trials)
    objectives = (ACCURACY, MACS)
    manifest = SweepManifest(
        name="made",
        created_at="2026-01-01T00:00:00+00:00",
        sweep=SweepSettings(trials=len(endings), objectives=objectives),
        space=space,
        reference={MACS: 100.0},
    )
    last = tuple(
        made_candidate(
            trial=t.trial, round=1, accuracy=0.9 - 0.1 * (t.trial % 4), macs=10 + 10 * (t.trial % 4)
        )
        for t in endings
    )
    return SweepResults(SweepFolder(Path("nowhere")), manifest, last, (), endings, {})


def test_what_decides_is_most_important() -> None:
    found = importance_of(sweep(ended(n, TrialState.COMPLETE) for n in range(48)))
    assert found.trials == 48
    assert found.best == pytest.approx(5 / 48)
    assert next(iter(found.shares)) == "prune.rate"
    assert set(found.shares) == {
        "prune.rate", "finetune.optimizer", "finetune.optimizer=adamw.weight_decay",
        "retrain.momentum",
    }  # fmt: skip
    assert sum(found.shares.values()) == pytest.approx(1.0)
    assert found.shares["prune.rate"] > 0.5


def test_too_few_trials_say_nothing() -> None:
    found = importance_of(sweep(ended(n, TrialState.COMPLETE) for n in range(9)))
    assert found == Importance({}, trials=9, best=0.1)


def test_stopped_trials_are_left_out_and_failed_ones_are_the_worst() -> None:
    """Those of momentum 0.9 fail: then the momentum decides too."""
    states = (TrialState.COMPLETE, TrialState.INFEASIBLE)
    known = sweep(ended(n, states[n // 8 % 2]) for n in range(48))
    stopped = sweep(
        ended(n, TrialState.STOPPED if n >= 48 else states[n // 8 % 2]) for n in range(60)
    )
    assert importance_of(known) == importance_of(stopped)
    whole = importance_of(sweep(ended(n, TrialState.COMPLETE) for n in range(48)))
    assert importance_of(known).shares["retrain.momentum"] > whole.shares["retrain.momentum"]


def test_trials_whose_settings_were_refused_are_the_worst() -> None:
    """A tournament larger than its population: their rows must not end a sweep's summary."""
    legr = {"tournament": {"low": 4, "high": 64}, "population": {"low": 8, "high": 64}}
    refused = [
        replace(
            ended(number, TrialState.INFEASIBLE if number > 11 else TrialState.COMPLETE),
            settings=json.dumps(
                {"prune": {"legr": {"tournament": 4 * number + 4, "population": 48}}}
            ),
        )
        for number in range(16)
    ]
    found = importance_of(sweep(iter(refused), {"prune": {"method": "legr", "legr": legr}}))
    assert found.trials == 16
    assert next(iter(found.shares)) == "prune.legr.tournament"
