"""What commit 6f90631 left behind goes on working: a sweep it did not end, a network it exported.

`fixtures/sweep-1` was interrupted in its fourth of five trials, which uses spectral pruning; the
weights of some of its stages were evicted. `fixtures/exported-2` is its `trial 3 round 4`. Neither
is ever made again: where settings are renamed, the migration has to read them.
"""

import json
import shutil
from pathlib import Path

import pytest
import torch

import tatl_search
from tatl_search.config import read_settings
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults, load_sweep
from tests.cli.conftest import Tatl, _one_cpu, tatl

__all__ = ["_one_cpu", "tatl"]

FIXTURES = Path(__file__).parents[1] / "fixtures"

FRONT = [(2, 3), (None, 0), (3, 3), (3, 4)]
"""Trials and rounds of its front, each network once, from large to small; null for its baseline.

That is more accurate than trial 0's round 3, at fewer MACs. Baselines were no candidates then.
"""


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    return Path(shutil.copytree(FIXTURES / "sweep-1", tmp_path / "sweep"))


def stages_of(results: SweepResults) -> dict[str, str]:
    return {row.label: row.stage for row in results.candidates}


def test_the_front_is_what_it_was_with_its_baseline(tatl: Tatl, sweep: Path) -> None:
    ended = tatl("front", sweep, "--json")
    assert ended.code == 0
    assert [(row["trial"], row["round"]) for row in json.loads(ended.out)["candidates"]] == FRONT
    status = tatl("status", sweep)
    assert status.code == 0
    assert "3 of 5 trials" in status.out


def test_its_report_shows_its_settings(tatl: Tatl, sweep: Path) -> None:
    assert tatl("report", sweep).code == 0
    page = (sweep / "report.html").read_text(encoding="utf-8")
    assert "spectral" in page
    assert "trial 3 round 4" in page


def test_a_network_of_it_is_exported_and_loaded(tatl: Tatl, sweep: Path, tmp_path: Path) -> None:
    folder = tmp_path / "network"
    ended = tatl("pick", sweep, "--trial", "3", "--round", "4", "--export", folder)
    assert ended.code == 0, ended.err
    images = torch.rand(2, 3, 24, 24, generator=torch.Generator().manual_seed(0))
    exported_then = tatl_search.load(FIXTURES / "exported-2")
    assert torch.equal(tatl_search.load(folder)(images), exported_then(images))
    assert tatl("verify", FIXTURES / "exported-2").code == 0


def test_its_baseline_is_exported_and_loaded(tatl: Tatl, sweep: Path, tmp_path: Path) -> None:
    folder = tmp_path / "network"
    ended = tatl("pick", sweep, "--label", "input 16 px", "--export", folder)
    assert ended.code == 0, ended.err
    assert tatl_search.load(folder)(torch.rand(2, 3, 16, 16)).shape == (2, 10)
    assert tatl("verify", folder).code == 0


def test_an_evicted_network_of_it_is_computed_again(tatl: Tatl, sweep: Path) -> None:
    """Its stages keep the keys they had, so that they are found and made as they were."""
    label, stage = "trial 3 round 2", stages_of(load_sweep(sweep))["trial 3 round 2"]
    weights = sweep / "stages" / stage / "weights.safetensors"
    assert not weights.exists()
    ended = tatl("finish", sweep, "--trial", "3", "--round", "2", "--epochs", "1")
    assert ended.code == 0, ended.err
    assert weights.exists()
    assert label in ended.out


def test_settings_beside_an_exported_network_are_a_run(tatl: Tatl) -> None:
    ended = tatl("validate", FIXTURES / "exported-2" / "config.yaml")
    assert ended.code == 0, ended.err


@pytest.mark.usefixtures("ray_here")
def test_it_is_resumed_and_confirmed(tatl: Tatl, sweep: Path) -> None:
    before = load_sweep(sweep)
    assert tatl("resume", sweep).code == 0
    after = load_sweep(sweep)
    assert [trial.trial for trial in after.trials] == [0, 1, 2, 3, 4]
    known = stages_of(after)
    assert {label: known[label] for label in stages_of(before)} == stages_of(before)
    # The pieces of finishing that were left to trial 3 may be better than its last round.
    assert set(FRONT[:3]) <= {(row.trial, row.round) for row in front_of(after).members()}
    new = [row for row in after.candidates if row.trial == 4]
    assert {read_settings(row.settings).seed for row in new} == {7}

    ended = tatl("confirm", sweep, "--seeds", "1", "--json")
    assert ended.code == 0, ended.err
    assert {row["seeds"][0] for row in json.loads(ended.out)["front"]} == {1}
