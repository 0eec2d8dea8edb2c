"""What a sweep's folder says of itself."""

from pathlib import Path

import pytest
import yaml

from tatl_search.config import SweepSettings
from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, MACS, PARAMETERS, SIZE_BYTES
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import SCHEMA_VERSION

MANIFEST = SweepManifest(
    name="a sweep",
    created_at="2025-01-01T00:00:00+00:00",
    sweep=SweepSettings(trials=3, objectives=(ACCURACY, PARAMETERS)),
    space={"prune": {"rate": {"low": 0.1, "high": 0.3}}, "seed": 1},
    reference={MACS: 1e6, PARAMETERS: 2e6, SIZE_BYTES: 8e6},
    root_threads=2,
)


def written(folder: Path, text: str) -> Path:
    (folder / "sweep.yaml").write_text(text, encoding="utf-8")
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    assert SweepManifest.read(written(tmp_path, MANIFEST.to_yaml())) == MANIFEST


def test_it_is_plain_yaml_in_which_the_sweep_comes_as_it_was_asked_for() -> None:
    content = yaml.safe_load(MANIFEST.to_yaml())
    assert content["schema_version"] == SCHEMA_VERSION
    assert content["space"] == {"prune": {"rate": {"low": 0.1, "high": 0.3}}, "seed": 1}
    assert content["sweep"]["objectives"] == ["accuracy", "parameters"]


@pytest.mark.parametrize("place", ["nowhere", ""])
def test_a_folder_without_one_is_no_sweep(place: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no sweep: it holds no sweep\.yaml"):
        SweepManifest.read(tmp_path / place)


def test_a_newer_one_is_refused_whatever_else_it_says(tmp_path: Path) -> None:
    newer = f"schema_version: {SCHEMA_VERSION + 1}\nfuture: [1, 2]\n"
    with pytest.raises(InputError, match=rf"newer version \(schema {SCHEMA_VERSION + 1}; this one"):
        SweepManifest.read(written(tmp_path, newer))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("schema_version: [", "while parsing a flow node"),
        ("- 1\n", "it should hold settings (got [1])"),
        ("", "it should hold settings (got None)"),
        ("name: x\n", "schema_version"),
        ("schema_version: one\n", "invalid literal"),
        ("schema_version: 1\n", "name: Field required; created_at: Field required"),
    ],
)
def test_a_damaged_one_is_named_in_one_line(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        SweepManifest.read(written(tmp_path, text))
    message = str(caught.value)
    assert message.startswith(f"{tmp_path / 'sweep.yaml'} is damaged: ")
    assert said in message
    assert "\n" not in message


def test_everything_lies_in_the_folder(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    places = {
        folder.manifest, folder.environment, folder.latency, folder.journal, folder.lock,
        folder.candidates, folder.trials, folder.stages, folder.data, folder.ray, folder.wandb,
    }  # fmt: skip
    assert len(places) == 11
    assert {place.parent for place in places} == {tmp_path}
