"""A sweep's folder is made whole or not at all."""

import json
from pathlib import Path
from typing import Any

import pytest

from tatl_search.config import AdaptationConfig
from tatl_search.errors import InputError
from tatl_search.figures import PARAMETERS
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.nets.latency import LatencyTable
from tatl_search.search.folder import LatencyTables, absolute_paths, new_folder, prepare
from tatl_search.space import space_from_raw

TABLE = LatencyTable(
    image_size=32, threads=1, device="cpu", layer_ms={"a": 1.5}, layer_macs={"a": 7}, rest_ms=0.5
)


class TestNewFolder:
    """The folder of a new sweep."""

    def test_it_is_made_with_all_above_it(self, tmp_path: Path) -> None:
        with new_folder(tmp_path / "a/b/c"):
            (tmp_path / "a/b/c/file").touch()
        assert (tmp_path / "a/b/c/file").exists()

    @pytest.mark.parametrize("error", [InputError, KeyboardInterrupt, RuntimeError])
    def test_it_goes_with_what_fails(self, error: type[BaseException], tmp_path: Path) -> None:
        (tmp_path / "mine").mkdir()
        with pytest.raises(error):
            self._fail_within(tmp_path / "mine/b/c", tmp_path / "mine/b/c/file", error)
        assert list(tmp_path.rglob("*")) == [tmp_path / "mine"]

    def test_what_others_put_beside_it_stays(self, tmp_path: Path) -> None:
        with pytest.raises(InputError):
            self._fail_within(tmp_path / "b/c", tmp_path / "b/other", InputError)
        assert list((tmp_path / "b").iterdir()) == [tmp_path / "b/other"]

    def _fail_within(self, folder: Path, file: Path, error: type[BaseException]) -> None:
        with new_folder(folder):
            file.touch()
            raise error

    @pytest.mark.parametrize("taken", ["folder", "file", "link"])
    def test_a_taken_place_is_left_alone(self, taken: str, tmp_path: Path) -> None:
        place = tmp_path / taken
        match taken:
            case "folder":
                place.mkdir()
            case "file":
                place.touch()
            case _:
                place.symlink_to(tmp_path / "nowhere")
        with pytest.raises(InputError, match="exists already"), new_folder(place):
            raise AssertionError("entered")
        assert place.is_symlink() or place.exists()

    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        with pytest.raises(InputError, match="cannot be made: Not a directory"):
            new_folder(tmp_path / "file/b/c").__enter__()


class TestAbsolutePaths:
    """Paths that mean the same everywhere."""

    def test_paths_that_exist_become_absolute(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "images").mkdir()
        (tmp_path / "w.pth").touch()
        raw = {
            "data": {"path": "images", "source": "folder"},
            "network": {"weights": {"choices": ["embedded", "w.pth"]}},
            "baselines": [{"network": {"weights": "w.pth"}, "image_size": 32}],
        }
        found = absolute_paths(raw)
        assert found["data"] == {"path": str(tmp_path / "images"), "source": "folder"}
        assert found["network"]["weights"] == {"choices": ["embedded", str(tmp_path / "w.pth")]}
        assert found["baselines"][0]["network"]["weights"] == str(tmp_path / "w.pth")

    def test_variables_are_filled_in(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """A worker's node may not have them."""
        monkeypatch.setenv("IMAGES", str(tmp_path))
        (tmp_path / "set").mkdir()
        found = absolute_paths({"data": {"path": "$IMAGES/set"}, "weights": "$IMAGES/none"})
        assert found == {"data": {"path": str(tmp_path / "set")}, "weights": "$IMAGES/none"}

    @pytest.mark.parametrize("word", ["embedded", "pretrained", "random"])
    def test_words_stay_words_beside_a_folder_of_that_name(
        self, word: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / word).mkdir()
        assert absolute_paths({"network": {"weights": word}}) == {"network": {"weights": word}}

    def test_what_is_not_there_stays_as_it_is(self) -> None:
        raw: dict[str, Any] = {
            "data": {"path": "nowhere/at all"}, "seed": 1, "stop": None,
            "prune": {"options": {"weights": 0.5, "path": {"low": 0.1, "high": 0.2}}},
        }  # fmt: skip
        assert absolute_paths(raw) == raw


class TestLatencyTables:
    """Tables that are kept in the folder."""

    def test_what_is_written_is_read(self, tmp_path: Path) -> None:
        config = AdaptationConfig()
        tables = LatencyTables({"timm/tf_efficientnet_lite0@64": TABLE})
        tables.write(SweepFolder(tmp_path).latency)
        read = LatencyTables.read(SweepFolder(tmp_path))
        assert read == tables
        assert read.of(config) == TABLE
        smaller = config.model_copy(
            update={"data": config.data.model_copy(update={"image_size": 32})}
        )
        assert read.of(smaller) is None

    def test_without_a_file_there_are_none(self, tmp_path: Path) -> None:
        assert LatencyTables.read(SweepFolder(tmp_path)) == LatencyTables({})

    @pytest.mark.parametrize("text", ["{", "[]", '{"a": {"threads": 1}}', '{"a": 1}'])
    def test_a_damaged_file_is_named(self, text: str, tmp_path: Path) -> None:
        (tmp_path / "latency.json").write_text(text)
        with pytest.raises(InputError, match=r"latency\.json is damaged .*; delete it"):
            LatencyTables.read(SweepFolder(tmp_path))


def test_prepare_writes_what_the_sweep_is(tmp_path: Path, tiny_space: dict[str, Any]) -> None:
    space, folder = space_from_raw(tiny_space), SweepFolder(tmp_path)
    prepare(space, space.sweep, folder, root_threads=2)
    manifest = SweepManifest.read(tmp_path)
    assert (manifest.name, manifest.root_threads) == (tmp_path.name, 2)
    assert manifest.sweep == space.sweep
    assert space_from_raw(manifest.space).parameters == space.parameters
    # EfficientNet-Lite0 without its head of 1000 classes: 4.65 M - 1.28 M parameters, and ten.
    assert manifest.reference[PARAMETERS] == pytest.approx(3.384e6, rel=1e-3)
    assert set(json.loads(folder.latency.read_text())) == {"timm/tf_efficientnet_lite0@32"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"threads": -4}, "threads or MACs below their least"),
        ({"rest_ms": -1.0}, "rest_ms takes -1.0 ms"),
        ({"rest_ms": float("nan")}, "rest_ms"),
        ({"layer_ms": {"conv": float("inf")}}, "conv"),
        ({"layer_ms": [1.0]}, "layer_ms"),
        ({"layer_macs": {"conv": -1}}, "threads or MACs below their least"),
    ],
)
def test_tables_with_impossible_numbers_are_refused(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    table = {
        "image_size": 32,
        "threads": 1,
        "device": "cpu",
        "layer_ms": {"conv": 1.0},
        "layer_macs": {"conv": 10},
        "rest_ms": 0.5,
    }
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"net@32": table}))
    assert LatencyTables.read_file(path).by_network["net@32"].rest_ms == 0.5
    path.write_text(json.dumps({"net@32": {**table, **change}}))
    with pytest.raises(InputError, match=r"table\.json is damaged") as caught:
        LatencyTables.read_file(path)
    assert said in str(caught.value)
