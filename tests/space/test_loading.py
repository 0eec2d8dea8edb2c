"""Whole files: all faults at once, cross-checks between keys, the sweep's own settings."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.config import (
    AdaptationConfig,
    BaselineSettings,
    SweepSettings,
    TrainingSettings,
)
from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, MACS, PARAMETERS
from tatl_search.space import SearchSpace, load_space, space_from_raw
from tatl_search.space.faults import Faults
from tatl_search.space.tree import DISTRIBUTION_KEYS, Reader

FAULTY = """\
sweeep: {trials: 3}
sweep:
  trials: 0
  objectvies: [accuracy, macs]
  cpus_per_trial: {choices: [1, 2]}
baselines:
  - image_sie: 32
  - {}
finetune:
  epochs: "3"
  learning_rate: {low: 0.1, high: 0.01}
  learning_rate: {low: 0.1, high: 0.01}
prune:
  priority: {macs: 0, redundancy: {low: 0, high: 1}}
retrain: 5
data: {source: folder}
"""


def load(folder: Path, text: str, *overrides: str) -> SearchSpace:
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8")
    return load_space(path, overrides)


def faults(folder: Path, text: str, *overrides: str) -> list[str]:
    with pytest.raises(InputError) as raised:
        load(folder, text, *overrides)
    lines = str(raised.value).replace(f"{folder}/", "").splitlines()
    assert len(lines) == 1 + int(lines[0].split()[0])
    return [line.strip() for line in lines[1:]]


def test_all_faults_at_once_with_line_and_path(tmp_path: Path) -> None:
    found = faults(tmp_path, FAULTY, "prune.rate=2", "colour=red")
    begins = [
        "a.yaml:12: learning_rate: already given at a.yaml:11",
        "a.yaml:1: sweeep: unknown key; did you mean 'sweep'?",
        "a.yaml:10: finetune.epochs: should be a valid integer (got '3')",
        "a.yaml:12: finetune.learning_rate: low should be less than high (got 0.1 and 0.01)",
        "--set prune.rate=2: prune.rate: should be less than 1 (got 2)",
        "a.yaml:15: retrain: should be a section with keys of epochs, batch_size,",
        "--set colour=red: colour: unknown key (allowed: base, baselines, data, finetune, finish,",
        "a.yaml:16: data: source 'folder' needs a path",
        "a.yaml:3: sweep.trials: should be greater than or equal to 1 (got 0)",
        "a.yaml:5: sweep.cpus_per_trial: should be a value: only an adaptation is searched over",
        "a.yaml:4: sweep.objectvies: unknown key; did you mean 'objectives'?",
        "a.yaml:7: baselines.0.image_sie: unknown key; did you mean 'image_size'?",
        "a.yaml:8: baselines.1: a baseline needs a network, an image_size, or both",
    ]
    missing = [begin for begin in begins if not any(line.startswith(begin) for line in found)]
    assert missing == []
    assert len(found) == len(begins)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("data:\n  source: folder", "a.yaml:1: data: source 'folder' needs a path"),
        (
            "data: {source: {choices: {digits: {}, idx: {}}}}",
            "a.yaml:1: data: source 'idx' needs a path",
        ),
        (
            "prune:\n  priority: {redundancy: 0, macs: {low: 0, high: 1}}",
            "a.yaml:2: prune.priority: the priority weights are all 0; at least one",
        ),
        (
            "prune:\n  priority: {redundancy: {choices: [0, 1]}, macs: {choices: [1, 0]}}",
            "a.yaml:2: prune.priority: the priority weights are all 0; at least one",
        ),
        (
            "sweep: {objectives: [macs, parameters]}",
            "a.yaml:1: sweep: objectives: name at least one quality: accuracy",
        ),
        (
            "seed: 1\nprune:\n  method: l1\n  rounds: 3\nstop: {max_rounds: 2}",
            "a.yaml:4: prune.rounds: where the cuts lead is missing",
        ),
        ("seed: 1\ntrain_on: source", "a.yaml:2: train_on: source needs the section 'source'"),
        (
            "sweep:\n  trials: 3\n  budget:\n    confirm: 0.2",
            "a.yaml:4: sweep.budget: confirm: is a share of images_trained",
        ),
        (
            "sweep: {trials: 3}\nbaselines:\n- {image_size: 32}\n- {image_size: 32}",
            "a.yaml:2: sweep: baselines: input 32 px is there twice",
        ),
        (
            "sweep:\n  trials: 3\n  budget:\n    gpu_hours: 2",
            "a.yaml:4: sweep: budget.gpu_hours: no trial holds a GPU",
        ),
        ("sweep: 3", "a.yaml:1: sweep: should be a section (got 3)"),
        ("sweep:\n  baselines: []", "a.yaml:2: sweep.baselines: stands at the top level"),
        ("wandb: {mode: off}", "a.yaml:1: wandb.mode: should be 'auto', 'online', 'offline' or"),
    ],
)
def test_values_that_do_not_go_together(tmp_path: Path, text: str, fault: str) -> None:
    (found,) = faults(tmp_path, text)
    assert found.startswith(fault)


def test_each_option_is_checked_with_what_it_brings(tmp_path: Path) -> None:
    space = load(tmp_path, "data: {source: {choices: {digits: {}, folder: {path: x}}}}")
    assert [name for name, _ in space.parameters] == ["data.source"]


def test_a_fault_of_a_section_names_the_override_too(tmp_path: Path) -> None:
    text = "data:\n  image_size: 32\nprune:\n  rate: {low: 0.1, high: 0.3}"
    assert faults(tmp_path, text, "data.source=idx", "prune.rate.low=0.5") == [
        "a.yaml:4, --set prune.rate.low=0.5: prune.rate:"
        " low should be less than high (got 0.5 and 0.3)",
        "a.yaml:1, --set data.source=idx: data: source 'idx' needs a path",
    ]


def test_sweep_settings_stand_in_three_places(tmp_path: Path) -> None:
    space = load(
        tmp_path,
        "sweep: {trials: 3, objectives: [accuracy, parameters, macs]}\n"
        "baselines: [{image_size: 32}]\nwandb: {project: mine, tags: [a]}",
    )
    assert space.sweep.trials == 3
    assert space.sweep.objectives == (ACCURACY, PARAMETERS, MACS)
    assert space.sweep.baselines == (BaselineSettings(image_size=32),)
    assert (space.sweep.wandb.project, space.sweep.wandb.tags) == ("mine", ("a",))
    assert space.parameters == ()


@pytest.mark.parametrize("text", ["", "sweep:\nfinetune:\nbaselines:\nwandb:\n"])
def test_what_is_left_out_takes_its_default(tmp_path: Path, text: str) -> None:
    space = load(tmp_path, text)
    assert space.single() == AdaptationConfig()
    assert space.sweep == SweepSettings()


def test_base_has_no_place_but_a_file(tmp_path: Path) -> None:
    (found,) = faults(tmp_path, "seed: 1", "base=b.yaml")
    assert found == "--set base=b.yaml: base: only a file can name what it is based on"


def test_raw_rebuilds_the_space(tmp_path: Path) -> None:
    space = load(
        tmp_path,
        "sweep: {trials: 3}\nseed: 4\nfinetune: {batch_size: {choices: {16: {epochs: 2}, 32: }}}",
        "prune.rate={low: 0.1, high: 0.5, step: 0.1}",
    )
    assert space_from_raw(space.raw) == space
    assert space_from_raw(space.raw, ["sweep.trials=9"]).sweep.trials == 9


WORDS = [*AdaptationConfig.model_fields, *TrainingSettings.model_fields, *DISTRIBUTION_KEYS]
WORDS += ["sweep", "baselines", "wandb", "base", "sgd", "adamw", "priority", "macs", "rate", "path"]
keys = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 99), st.floats(), st.sampled_from(["sgd", "1e-4"])
)
scalars = st.one_of(keys, st.dates())
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(WORDS), keys), inner, max_size=4),
    ),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(WORDS), anything, max_size=5))
@settings(max_examples=500, deadline=None)
def test_whatever_a_file_says_it_is_a_space_or_an_input_error(raw: dict[str, Any]) -> None:
    text = yaml.safe_dump(raw, allow_unicode=True)
    with suppress(InputError):
        Reader(text, lambda line: f"a.yaml:{line}", Faults("a.yaml")).read()
    with suppress(InputError):
        space_from_raw(raw)


@pytest.mark.parametrize("value", [".inf", "-.inf", ".nan"])
@pytest.mark.parametrize(
    "name", ["sweep.bounds.macs", "sweep.budget.minutes", "sweep.stages_gb", "sweep.budget.stale"]
)
def test_numbers_of_a_sweep_are_finite(name: str, value: str, tmp_path: Path) -> None:
    """An infinite bound was told to the sampler as NaN: no trial could end."""
    found = faults(tmp_path, "seed: 1\n", f"{name}={value}")
    place = f"--set {name}={value}: {name}: should be a finite number (got "
    assert any(line.startswith(place) for line in found)
