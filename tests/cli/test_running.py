"""Verbs that run things: what they print, and where."""

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import SETTINGS, Tatl

SPACES = sorted((Path(__file__).parents[2] / "search_spaces").glob("*.yaml"))


class TestValidate:
    """The verb `validate`."""

    def test_all_search_spaces_we_ship(self, tatl: Tatl) -> None:
        ended = tatl("validate", *SPACES)
        assert (ended.code, ended.err) == (0, "")
        assert "quickstart.yaml: 10 searched settings" in ended.out
        assert "single_run.yaml: 0 searched settings" in ended.out
        assert "  prune.threshold: 0.7 to 0.95 in steps of 0.05" in ended.out

    def test_json_lists_what_is_searched(self, here: Path, tatl: Tatl) -> None:
        words = ("--set", "prune.rate={low: 0.1, high: 0.3}", "--json")
        assert json.loads(tatl("validate", "run.yaml", *words).out) == {"run.yaml": ["prune.rate"]}

    def test_the_faults_of_all_files_at_once(self, here: Path, tatl: Tatl) -> None:
        (here / "one.yaml").write_text("finetune: {epochs: 0}\n")
        (here / "two.yaml").write_text("prune:\n  rate: 7\n")
        ended = tatl("validate", "one.yaml", "run.yaml", "two.yaml")
        assert (ended.code, ended.out) == (2, "")
        assert "one.yaml:1: finetune.epochs" in ended.err
        assert "two.yaml:2: prune.rate" in ended.err


class TestDryRun:
    """The verb `sweep` with `--dry-run`."""

    def test_the_quickstart(self, here: Path, tatl: Tatl) -> None:
        quickstart = next(path for path in SPACES if path.name == "quickstart.yaml")
        ended = tatl("sweep", quickstart, "--dry-run", "--json")
        assert (ended.code, ended.err) == (0, "")
        estimate = json.loads(ended.out)
        assert estimate["trials"] >= 8
        assert estimate["candidates"] >= 24
        assert 0 < estimate["minutes"] < 60
        assert [entry.name for entry in here.iterdir()] == ["run.yaml"]

    def test_in_words(self, here: Path, tatl: Tatl) -> None:
        ended = tatl("sweep", "run.yaml", "--dry-run")
        assert ended.code == 0
        assert "1 trials, at most 2 candidates and 400 training images" in ended.out
        assert "MB of disk at most" in ended.out


class TestAdapt:
    """The verb `adapt`."""

    def test_json_is_all_there_is_on_standard_output(self, here: Path, tatl: Tatl) -> None:
        # Square brackets are markup to the library that prints, and a name to people.
        ended = tatl("adapt", "run.yaml", "--name", "[red]", "--set", "stop.max_rounds=1", "--json")
        assert ended.code == 0
        assert json.loads(ended.out)["sweep"] == "[red]"
        assert "round 1: accuracy" in ended.err
        assert "look at sweeps/[red]/front.png and sweeps/[red]/report.html" in ended.err
        assert (here / "sweeps/[red]/report.html").is_file()

    @pytest.mark.usefixtures("here")
    def test_the_first_fine_tuning_is_followed(
        self, tatl: Tatl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tatl_search.adaptation.following.EVERY_S", 0.0)
        monkeypatch.setattr("tatl_search.cli.training.FIRST_LINE_S", 0.0)
        monkeypatch.setattr("tatl_search.cli.training.LINE_EVERY_S", 0.0)
        words = ("--name", "a", "--set", "stop.max_rounds=0", "--set", "finetune.epochs=2")
        ended = tatl("adapt", "run.yaml", *words)
        assert ended.code == 0
        said = [line for line in ended.err.splitlines() if line.startswith("trial 0: epoch ")]
        assert said[0] == "trial 0: epoch 1 of 2"
        assert said[-1].startswith("trial 0: epoch 2 of 2, training accuracy ")
        assert said[-1].endswith(" left")

    def test_a_run_that_collapses_is_shown_all_the_same(self, here: Path, tatl: Tatl) -> None:
        (here / "strict.yaml").write_text(
            yaml.safe_dump({**SETTINGS, "sweep": {"collapse_accuracy": 10.0}})
        )
        words = ("--name", "a", "--set", "stop.max_rounds=1", "--set", "finetune.epochs=1")
        ended = tatl("adapt", "strict.yaml", *words)
        assert ended.code == 1
        assert "tatl-search: collapsed: accuracy 0." in ended.err
        assert "trial 0 round 1" in ended.out


class TestStatus:
    """The verb `status`."""

    def test_in_words(self, adapted: Path, tatl: Tatl) -> None:
        ended = tatl("status", adapted)
        assert (ended.code, ended.err) == (0, "")
        assert "adapted: not running, 1 of 1 trials ended" in ended.out
        assert "400 images trained" in ended.out  # 100 images: 2 epochs, then 2 rounds of one

    def test_json(self, adapted: Path, tatl: Tatl) -> None:
        ended = tatl("status", adapted, "--json")
        assert (ended.code, ended.err) == (0, "")
        status = json.loads(ended.out)
        assert status["running"] is False
        assert (status["trials"], status["trials_wanted"], status["candidates"]) == (1, 1, 3)
        assert (status["images_trained"], status["images_saved"]) == (400, 0)
