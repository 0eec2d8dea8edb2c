"""Settings of older versions, read by the names of today."""

from pathlib import Path

import pytest
import yaml

from tatl_search.config import (
    AdaptationConfig,
    current_parameters,
    current_version,
    migrated,
    migrations,
    plain_settings,
    read_settings,
    store_settings,
)
from tatl_search.config.migrations import MIGRATIONS, Migration
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.space import load_space

FIXTURE = Path(__file__).parent / "fixtures" / "sweep-1"


@pytest.fixture
def passes_became_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two more versions: `finetune.passes` became `epochs`, and `shots` of images `per_class`."""
    later = (
        Migration(
            renamed={"finetune.passes": "epochs", "tuning": "finetune"},
            values={"sweep.sampler": lambda old: {"bayes": "tpe"}.get(old, old)},
        ),
        Migration(renamed={"data.shots": "per_class"}, values={"seed": lambda old: old + 1}),
    )
    monkeypatch.setattr(migrations, "MIGRATIONS", (*MIGRATIONS, *later))


OLD = len(MIGRATIONS) + 1
"""The version before the two."""


def test_stored_settings_say_their_version_and_come_back() -> None:
    config = AdaptationConfig(seed=4)
    text = store_settings(config)
    assert f'"settings_version":{current_version()}' in text
    assert read_settings(text) == config
    assert plain_settings(text) == config.model_dump(mode="json")


@pytest.mark.usefixtures("passes_became_epochs")
def test_names_are_renewed_step_by_step() -> None:
    old = {
        "settings_version": OLD,
        "finetune": {"passes": 3, "momentum": 0.5},
        "data": {"shots": 10},
    }
    assert migrated(old, "here") == {
        "finetune": {"epochs": 3, "momentum": 0.5},
        "data": {"per_class": 10},
    }
    between = {"settings_version": OLD + 1, "finetune": {"epochs": 3}, "data": {"shots": 10}}
    assert migrated(between, "here") == {"finetune": {"epochs": 3}, "data": {"per_class": 10}}


@pytest.mark.usefixtures("passes_became_epochs")
def test_what_is_searched_is_renewed_below_choices_too() -> None:
    old = {
        "settings_version": OLD,
        "seed": {"choices": [1, 5]},
        "finetune": {
            "optimizer": {"choices": {"sgd": {"passes": {"low": 2, "high": 4}}, "adamw": {}}}
        },
        "sweep": {"sampler": "bayes"},
    }
    assert migrated(old, "here") == {
        "seed": {"choices": [2, 6]},
        "finetune": {
            "optimizer": {"choices": {"sgd": {"epochs": {"low": 2, "high": 4}}, "adamw": {}}}
        },
        "sweep": {"sampler": "tpe"},
    }


@pytest.mark.usefixtures("passes_became_epochs")
def test_parameters_of_a_study_are_renewed() -> None:
    stored = {
        "finetune.passes": 3,
        "finetune.optimizer=sgd.passes": 4,
        "data.source=a.b.shots": 5,
        "tuning.momentum": 0.9,
        "prune.passes": 1,
        "data.shots": 6,
    }
    assert current_parameters(stored, ["data.shots"]) == {
        "finetune.epochs": 3,
        "finetune.optimizer=sgd.epochs": 4,
        "data.source=a.b.per_class": 5,
        "finetune.momentum": 0.9,
        "prune.passes": 1,
        "data.shots": 6,
    }


@pytest.mark.usefixtures("passes_became_epochs")
def test_a_file_that_states_an_older_version_is_read(tmp_path: Path) -> None:
    path = tmp_path / "config.yaml"
    content = {"settings_version": OLD, "finetune": {"passes": 3}, "data": {"shots": 10}}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    config = load_space(path).single()
    assert (config.finetune.epochs, config.data.per_class) == (3, 10)


@pytest.mark.usefixtures("passes_became_epochs")
def test_a_sweep_that_was_launched_by_an_older_version_is_read(tmp_path: Path) -> None:
    raw = yaml.safe_load((FIXTURE / "sweep.yaml").read_text(encoding="utf-8"))
    raw["settings_version"] = OLD
    raw["sweep"]["sampler"] = "bayes"
    raw["space"]["finetune"]["passes"] = raw["space"]["finetune"].pop("epochs")
    folder = SweepFolder(tmp_path)
    folder.manifest.write_text(yaml.safe_dump(raw), encoding="utf-8")
    manifest = SweepManifest.read(tmp_path)
    assert manifest.sweep.sampler == "tpe"
    assert manifest.space["finetune"]["epochs"] == 14


@pytest.mark.parametrize("version", [0, -1, "2", None, True, 1.0, current_version() + 1], ids=repr)
def test_a_version_that_is_not_known_is_named(version: object, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="settings_version") as caught:
        migrated({"settings_version": version}, "sweep.yaml")
    assert "sweep.yaml" in str(caught.value)
    path = tmp_path / "space.yaml"
    path.write_text(yaml.safe_dump({"settings_version": version}), encoding="utf-8")
    with pytest.raises(InputError, match=r"space\.yaml:1"):
        load_space(path)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"finetune": {"epochs": "many"}}'])
def test_damaged_settings_of_a_row_are_said_to_be(text: str) -> None:
    with pytest.raises(InputError, match="stored settings"):
        read_settings(text)
