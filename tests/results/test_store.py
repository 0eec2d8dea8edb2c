"""A sweep's folder comes back as it was written, and what is no sweep is said to be none."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tatl_search.errors import InputError
from tatl_search.figures import MACS, PARAMETERS, SIZE_BYTES
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepReader, SweepResults, load_sweep
from tatl_search.tracking import reading
from tatl_search.tracking.parquet import ParquetTracker
from tests.results.conftest import SweepWriter


def test_rows_are_sorted_by_what_they_are(results: SweepResults) -> None:
    assert [(row.trial, row.round) for row in results.candidates] == [
        (0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1),
        (None, 0), (None, 0),
    ]  # fmt: skip
    assert [row.stage for row in results.roots] == ["root"]
    assert [row.label for row in results.baselines] == ["input 16 px", "input 24 px"]
    assert [ending.trial for ending in results.trials] == [0, 1, 2, 3]
    assert results.manifest.name == "made"
    assert results.environment == {"python": "3.11", "cpus": 2}


def test_images_are_counted_over_all_rows(results: SweepResults) -> None:
    # Paid: the root, four rounds of trials 0 and 1, two baselines.
    assert results.images_trained == 1000 + 4 * 500 + 2 * 4000
    # Saved: two of the three first fine-tunings, and trial 2's round.
    assert results.images_saved == 2 * 1000 + 500
    assert results.images_forward == 11 * 300
    assert results.seconds == 11 * 1.5


def test_costs_are_shares_of_the_unpruned_network(results: SweepResults) -> None:
    assert results.unpruned is not None
    assert (results.unpruned.round, results.unpruned.accuracy) == (0, 0.95)
    assert results.reference_cost(MACS) == 100_000_000
    assert results.reference_cost(PARAMETERS) == 1_000_000


def test_only_new_files_are_opened_again(
    results: SweepResults, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []
    original = reading.rows_of

    def rows_of(path: Path, record_class: type[CandidateRecord]) -> object:
        opened.append(path.name)
        return original(path, record_class)

    monkeypatch.setattr(reading, "rows_of", rows_of)
    reader = SweepReader(results.folder.root)
    assert reader.read().candidates == results.candidates
    assert len(opened) == 11 + 4
    opened.clear()
    new = replace(results.candidates[7], round=2)
    ParquetTracker(results.folder).candidate(new)
    (results.folder.candidates / "trial-00000-round-00.parquet").unlink()
    assert reader.read().candidates == (*results.candidates[1:8], new, *results.candidates[8:])
    assert opened == ["trial-00002-round-02.parquet"]


def test_a_sweep_that_has_just_begun_is_empty(write_sweep: SweepWriter) -> None:
    results = write_sweep(candidates=())
    assert results.candidates == ()
    assert results.unpruned is None
    assert results.reference_cost(SIZE_BYTES) is None
    assert results.images_trained == 0


def test_a_folder_without_a_manifest_is_no_sweep(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no sweep: it holds no sweep\.yaml"):
        load_sweep(str(tmp_path))


def test_a_damaged_environment_hides_nothing_else(
    results: SweepResults, caplog: pytest.LogCaptureFixture
) -> None:
    results.folder.environment.write_text("{")
    found = load_sweep(results.folder.root)
    assert found.environment == {}
    assert found.candidates == results.candidates
    assert "environment.json is damaged and left out" in caplog.text


def test_reading_results_imports_no_heavy_library() -> None:
    script = (
        "import sys\n"
        "import tatl_search.results, tatl_search.results.table, tatl_search.results.plots\n"
        "import tatl_search.results.report\n"
        "heavy = {'torch', 'ray', 'optuna', 'wandb', 'torchvision', 'timm'} & set(sys.modules)\n"
        "print(sorted(heavy))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
