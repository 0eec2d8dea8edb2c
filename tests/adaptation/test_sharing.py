"""What a sweep of 64 adaptations on one store of stages computes, counted in epochs.

The reference: 4 rates x 4 priority weights x 4 stopping criteria, 4 epochs at first and 8 rounds
of 1. Alone each of them takes 12 epochs, all of them 768. The first fine-tuning is shared by all,
and a stopping criterion is only a cut: 4 + 4 x 4 x 8 = 132 epochs are left, and fewer where two
priority weights choose the same filters.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import torch

from tatl_search.adaptation.loop import adapt
from tatl_search.adaptation.stages import StageStore
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import AdaptationConfig
from tatl_search.data.sources import load_target
from tatl_search.records import CandidateRecord
from tests.adaptation.benches import config

RATES = (0.05, 0.07, 0.09, 0.11)
WEIGHTS = ((1.0, 1.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
IMAGES = 20  # two of each class: an epoch is one step


@dataclass(frozen=True)
class Size:
    """How much of the reference sweep is run."""

    rates: Sequence[float]
    weights: Sequence[tuple[float, float, float]]
    first_epochs: int
    rounds: int

    def settings(self) -> list[AdaptationConfig]:
        """Return all settings; every criterion lets the trial come to its last round."""
        last_epoch = self.first_epochs + self.rounds
        criteria: tuple[dict[str, float], ...] = (
            {},
            {"max_epochs": last_epoch},
            {"max_drop": 1.0},
            {"target_macs_share": 0.01},
        )
        return [
            config(
                data={"per_class": 2},
                finetune={"epochs": self.first_epochs},
                prune={"rate": rate, "threshold": 0.7, "priority": _named(weights)},
                stop={"max_rounds": self.rounds, **criterion},
            )
            for rate, weights, criterion in product(self.rates, self.weights, criteria)
        ]

    @property
    def shared_epochs(self) -> int:
        """Epochs where no two priority weights choose the same filters."""
        return self.first_epochs + len(self.rates) * len(self.weights) * self.rounds


REFERENCE = Size(RATES, WEIGHTS, first_epochs=4, rounds=8)
SMALL = Size(RATES[2:], WEIGHTS[1:3], first_epochs=2, rounds=2)


def _named(weights: tuple[float, float, float]) -> dict[str, float]:
    return dict(zip(("redundancy", "macs", "parameters"), weights, strict=True))


def run(store: Path, settings: AdaptationConfig, trial: int) -> list[CandidateRecord]:
    target = load_target(settings.data)
    bench = Workbench(settings, target, StageStore(store), owner=f"trial {trial}")
    return [candidate.record(settings, "sweep", trial) for candidate in adapt(bench)]


def networks(store: Path, rows: Sequence[CandidateRecord]) -> list[tuple[bytes, Any]]:
    """Return what came out of a trial: each round's weights and figures."""
    return [
        (
            (store / row.stage / "weights.safetensors").read_bytes(),
            (row.stage, row.accuracy, row.loss, row.macs, row.plan),
        )
        for row in rows
    ]


def check(size: Size, tmp_path: Path, alone: Sequence[int]) -> None:
    """Run a sweep on one store, count what it computed, and run some of its trials alone."""
    torch.set_num_threads(1)
    shared = tmp_path / "shared"
    settings = size.settings()
    trials = [run(shared, config, number) for number, config in enumerate(settings)]
    rows = [row for trial in trials for row in trial]

    assert {len(trial) for trial in trials} == {1 + size.rounds}
    naive = len(settings) * (size.first_epochs + size.rounds)
    assert sum(row.images_without_reuse for row in rows) == naive * IMAGES

    computed = {row.stage for row in rows if row.round}
    epochs = size.first_epochs + len(computed)
    assert sum(row.images_trained for row in rows) == epochs * IMAGES
    assert epochs <= size.shared_epochs
    assert {path.parent.name for path in shared.glob("*/metrics.json")} == {
        row.stage for row in rows
    }

    for number in alone:
        own = tmp_path / f"alone-{number}"
        found = run(own, settings[number], number)
        assert [row.reused for row in found] == [False] * len(found)
        assert networks(own, found) == networks(shared, trials[number])


def test_a_small_sweep_computes_what_differs_once(tmp_path: Path) -> None:
    check(SMALL, tmp_path, alone=[0, 7, 13])


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_reference_sweep_computes_132_epochs_of_768(tmp_path: Path) -> None:
    assert REFERENCE.shared_epochs == 132
    assert len(REFERENCE.settings()) * 12 == 768
    check(REFERENCE, tmp_path, alone=range(64))
