"""What a sweep begins with: named settings, the paper's, and earlier sweeps, for real."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tatl_search.config import StartSettings
from tatl_search.errors import InputError
from tatl_search.figures import MACS, PARAMETERS, SIZE_BYTES
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.results.store import load_sweep
from tatl_search.search.start import begin, check_named, check_start
from tatl_search.search.study import TAUGHT, SweepStudy
from tatl_search.search.sweep import launch
from tatl_search.space import SearchSpace, space_from_raw
from tests.integration.audit import stored_trials
from tests.integration.drivers import faulty_space
from tests.search.items import hear_nothing

REFERENCE = {MACS: 1000.0, PARAMETERS: 100.0, SIZE_BYTES: 400.0}
SEARCHED = {
    "prune": {
        "threshold": {"low": 0.5, "high": 0.9, "step": 0.1},
        "rate": {"low": 0.1, "high": 0.4},
    },
    "stop": {"max_rounds": {"low": 1, "high": 4}},
}


def begun(folder: Path, start: Mapping[str, Any]) -> tuple[SweepStudy, list[str]]:
    """Return a new study and what was said when it began."""
    space = space_from_raw({**SEARCHED, "sweep": {"start": start}})
    study = SweepStudy(folder / "study.journal", "new", space, 0, REFERENCE)
    return study, begin(study, space, SweepFolder(folder))


def test_a_list_of_settings_comes_first(tmp_path: Path) -> None:
    listed = [{"prune": {"rate": 0.3}}, {"prune.threshold": 0.6, "stop": {"max_rounds": 9}}]
    study, notes = begun(tmp_path, {"settings": listed})
    first, second = study.ask().config, study.ask().config
    assert first.prune.rate == 0.3
    assert second.prune.threshold == 0.6
    assert 1 <= second.stop.max_rounds <= 4
    assert notes == ["start: settings 1: stop.max_rounds is left out: 9 is not 1 to 4"]


def test_the_papers_defaults_are_tried(tmp_path: Path) -> None:
    study, notes = begun(tmp_path, {"paper": True})
    config = study.ask().config
    assert (config.prune.threshold, config.prune.rate) == (0.9, 0.25)
    assert notes == ["start: paper: stop.max_rounds is left out: 8 is not 1 to 4"]


def test_nothing_asked_for_is_nothing_said(tmp_path: Path) -> None:
    study, notes = begun(tmp_path, {})
    assert (notes, study.is_begun) == ([], True)


@pytest.mark.parametrize(
    ("settings", "wrong"),
    [
        ({"prune": {"roundz": 5}}, r"0\.prune\.roundz: unknown key; did you mean 'rounds'\?"),
        ({"prune.roundz": 5}, r"0\.prune\.roundz: unknown key"),
        ({"prun": {"rate": 0.2}}, r"0\.prun\.rate: unknown key; did you mean 'prune'\?"),
        ({"prune": {"rate": {"low": 0.2}}}, r"0\.prune\.rate\.low: unknown key"),
        ({"sweep": {"trials": 2}}, r"0\.sweep\.trials: unknown key"),
        ({"prune": {"rate": 0.3}, "x": 1, "y": 2}, r"2 faults"),
    ],
)
def test_a_first_trial_names_settings_that_exist(settings: dict[str, Any], wrong: str) -> None:
    with pytest.raises(InputError, match=wrong):
        check_named(space_from_raw({**SEARCHED, "sweep": {"start": {"settings": [settings]}}}))


def test_a_first_trial_may_name_what_is_not_searched() -> None:
    named = {
        "prune": {"rate": 7, "method": "legr", "legr": {"population": 3}, "options": {"a": 1}},
        "data.augment.flip": True,
        "finetune": None,
    }
    check_named(space_from_raw({**SEARCHED, "sweep": {"start": {"settings": [named]}}}))


def test_an_earlier_sweep_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"start\.sweeps: .* is no sweep"):
        check_start(StartSettings(sweeps=(str(tmp_path),)))


def task(sweep: Mapping[str, Any], **sections: Any) -> SearchSpace:
    prune = {"threshold": {"low": 0.5, "high": 0.9}, "rate": 0.2}
    return space_from_raw(
        faulty_space(sweep=sweep, prune=prune, stop={"max_rounds": 1}, **sections)
    )


@pytest.fixture(scope="module")
def earlier(ray_here: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("earlier") / "old"
    assert launch(task({"trials": 2}), folder, hear_nothing).complete
    return folder


def test_the_same_task_teaches(earlier: Path, tmp_path: Path) -> None:
    """A new sweep knows both trials of the earlier one, and counts its own from 0."""
    folder = tmp_path / "new"
    space = task({"trials": 1, "start": {"sweeps": [str(earlier)]}})
    assert launch(space, folder, hear_nothing).complete
    *taught, own = stored_trials(folder)
    assert [trial.user_attrs[TAUGHT] for trial in taught] == ["old/trial-0", "old/trial-1"]
    assert [t.values for t in taught] == [t.values for t in stored_trials(earlier)]
    assert [t.params for t in taught] == [t.params for t in stored_trials(earlier)]
    assert TAUGHT not in own.user_attrs
    assert {row.trial for row in load_sweep(folder).candidates} == {0}


def test_another_task_only_suggests(earlier: Path, tmp_path: Path) -> None:
    """With other images its outcomes mean nothing here; its front's settings are tried first."""
    space = task(
        {"trials": 4, "start": {"sweeps": [str(earlier)]}},
        data={"per_class": 8},
    )
    manifest = SweepManifest.read(earlier)
    study = SweepStudy(tmp_path / "study.journal", "new", space, 0, manifest.reference)
    (note,) = begin(study, space, SweepFolder(tmp_path))
    settings = {trial.params["prune.threshold"] for trial in stored_trials(earlier)}
    assert study.ask().config.prune.threshold in settings
    assert "another task, other settings or its images gone" in note
    assert study.finished() == []


def test_a_sweep_whose_images_are_gone_only_suggests(earlier: Path, tmp_path: Path) -> None:
    """Nobody can tell then whether they were the same; nothing is packed into its folder."""
    gone = tmp_path / "gone"
    shutil.copytree(earlier, gone)
    shutil.rmtree(SweepFolder(gone).data)
    space = task({"trials": 4, "start": {"sweeps": [str(gone)]}})
    manifest = SweepManifest.read(gone)
    study = SweepStudy(tmp_path / "study.journal", "new", space, 0, manifest.reference)
    (note,) = begin(study, space, SweepFolder(tmp_path))
    assert "or its images gone; " in note
    assert study.finished() == []
    assert not SweepFolder(gone).data.exists()


def test_a_home_folder_is_found(
    earlier: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(earlier.parent))
    start = StartSettings(sweeps=("~/old",))
    check_start(start)
    study, _ = begun(tmp_path, start.model_dump(mode="json"))
    assert study.is_begun
