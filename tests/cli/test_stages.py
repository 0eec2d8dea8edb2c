"""stages ls and stages gc on a small real run."""

import json
import shutil
from pathlib import Path

import pytest

from tatl_search.results.store import load_sweep
from tatl_search.search.keeping import never_evicted
from tests.cli.conftest import Tatl


@pytest.fixture
def run(adapted: Path, tmp_path: Path) -> Path:
    """Return a copy of a finished run of two rounds, to write into."""
    return Path(shutil.copytree(adapted, tmp_path / "run"))


def with_weights(run: Path) -> set[str]:
    return {path.parent.name for path in run.glob("stages/*/weights.safetensors")}


def test_ls_lists_every_network(tatl: Tatl, run: Path) -> None:
    entries = json.loads(tatl("stages", "ls", run, "--json").out)
    rows = {row.stage: row for row in load_sweep(run).candidates}
    assert {entry["key"] for entry in entries} == set(rows)
    for entry in entries:
        row = rows[entry["key"]]
        assert (entry["round"], entry["accuracy"], entry["macs"]) == (
            row.round, row.accuracy, row.macs,
        )  # fmt: skip
        assert entry["used_by"] == [row.label]
        assert entry["computed_by"] == "adapted/trial-0"
    ended = tatl("stages", "ls", run)
    assert ended.err.startswith("3 stages of ")
    assert all(row.label in ended.out for row in rows.values())


def test_gc_says_first_and_does_then(tatl: Tatl, run: Path) -> None:
    keys = with_weights(run)
    (run / "stages" / ".unfinished-1").mkdir()
    would = json.loads(tatl("stages", "gc", run, "--keep-gb", "0", "--dry-run", "--json").out)
    assert with_weights(run) == keys
    may_go = keys - never_evicted(load_sweep(run))
    assert set(would["evicted"]) == may_go

    ended = tatl("stages", "gc", run, "--keep-gb", "0")
    assert f"weights of {len(may_go)} stages went" in ended.out
    assert with_weights(run) == keys - may_go
    assert not (run / "stages" / ".unfinished-1").exists()
    assert len(json.loads(tatl("stages", "ls", run, "--json").out)) == 3


def test_gc_must_know_how_much_may_stay(tatl: Tatl, run: Path) -> None:
    ended = tatl("stages", "gc", run)
    assert ended.code == 2
    assert "--keep-gb" in ended.err
    assert tatl("stages", "gc", run / "nowhere", "--keep-gb", "1").code == 2
    assert tatl("stages", "gc", run, "--keep-gb", "-1").code == 2
