"""What a file inherits, and what --set puts on top."""

from pathlib import Path
from typing import Any

import pytest

from tatl_search.errors import InputError
from tatl_search.space.faults import Faults
from tatl_search.space.layers import read_layers, with_overrides


def read(path: Path, *overrides: str) -> Any:
    faults = Faults(path.name)
    tree = with_overrides(read_layers(path, faults).root, overrides, faults)
    faults.raise_if_any()
    return tree.plain()


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return folder / f"{next(iter(files))}.yaml"


def test_files_are_merged_key_by_key(tmp_path: Path) -> None:
    top = write(
        tmp_path,
        top="base: middle.yaml\nprune: {rate: 0.3}\nfinetune:\nbaselines: [{image_size: 32}]",
        middle="base: bottom.yaml\nprune: {threshold: 0.8}",
        bottom="seed: 7\nprune: {rate: 0.1}\nfinetune: {epochs: 9}\nbaselines: [1, 2]",
    )
    assert read(top) == {
        "seed": 7,
        "prune": {"rate": 0.3, "threshold": 0.8},
        "finetune": {"epochs": 9},
        "baselines": [{"image_size": 32}],
    }


@pytest.mark.parametrize(
    ("beneath", "above", "merged"),
    [
        ("{low: 1, high: 2, log: true}", "{low: 3, high: 4}", {"low": 3, "high": 4}),
        ("{low: 1, high: 2}", "{choices: [1]}", {"choices": [1]}),
        ("{low: 1, high: 2}", "5", 5),
        ("5", "{low: 1, high: 2}", {"low": 1, "high": 2}),
        ("5", "null", None),
    ],
)
def test_a_distribution_is_replaced_whole(
    tmp_path: Path, beneath: str, above: str, merged: object
) -> None:
    top = write(
        tmp_path,
        top=f"base: bottom.yaml\nfinetune: {{epochs: {above}}}",
        bottom=f"finetune: {{epochs: {beneath}}}",
    )
    assert read(top)["finetune"]["epochs"] == merged


def test_overrides_are_yaml_and_the_last_one_holds(tmp_path: Path) -> None:
    path = write(tmp_path, a="prune: {rate: {low: 0.1, high: 0.2}, threshold: 0.5}")
    assert read(
        path,
        "prune.rate.low=0.15",
        "prune.threshold={low: 0.6, high: 0.9}",
        "stop.max_drop=null",
        "seed=1",
        "seed=2",
        "data.path=a=b",
        "finetune.learning_rate=1e-3",
    ) == {
        "prune": {"rate": {"low": 0.15, "high": 0.2}, "threshold": {"low": 0.6, "high": 0.9}},
        "stop": {"max_drop": None},
        "seed": 2,
        "data": {"path": "a=b"},
        "finetune": {"learning_rate": 0.001},
    }


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("prune.rate", "--set prune.rate: should read section.key=value"),
        ("prune..rate=1", "--set prune..rate=1: should read"),
        ("=1", "--set =1: should read"),
        ("seed=[1", r"--set seed=\[1: not valid YAML"),
    ],
)
def test_overrides_that_say_nothing(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, a="seed: 1"), override)


def test_places_after_merging(tmp_path: Path) -> None:
    top = write(tmp_path, top="base: low.yaml\nprune:\n  rate: 1", low="prune:\n  threshold: 2")
    faults = Faults("top.yaml")
    tree = with_overrides(read_layers(top, faults).root, ["prune.min_keep=3"], faults)
    assert tree.nearest(("prune", "rate")).place == f"{top}:3"
    assert tree.nearest(("prune", "threshold")).place == f"{tmp_path / 'low.yaml'}:2"
    assert tree.nearest(("prune", "min_keep")).place == "--set prune.min_keep=3"
    assert tree.nearest(("prune",)).place == f"{top}:2, --set prune.min_keep=3"


def test_bases_lie_relative_to_their_file(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    write(tmp_path / "shared", common="base: ../root.yaml\nseed: 1", other="seed: 5")
    top = write(tmp_path, top="base: shared/common.yaml", root="prune: {rate: 0.5}")
    assert read(top) == {"seed": 1, "prune": {"rate": 0.5}}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"a": "base: a.yaml"}, "a.yaml:1: base: the bases go round in a circle: a.yaml -> a.yaml"),
        (
            {"a": "base: b.yaml", "b": "seed: 1\nbase: a.yaml"},
            "b.yaml:2: base: .* round in a circle",
        ),
        ({"a": "seed: 1\nbase: gone.yaml"}, "a.yaml:2: there is no file .*gone.yaml"),
        ({"a": "base: [b.yaml]"}, "a.yaml:1: base: should be the path"),
        ({"a": "base:"}, "a.yaml:1: base: should be the path"),
        ({"a": "base: ."}, "cannot be read as text"),
        ({"a": "- 1"}, "a.yaml:1: should be a mapping of sections"),
        ({"a": "base: b.yaml", "b": "x: ["}, "b.yaml:1: not valid YAML"),
    ],
)
def test_bases_that_cannot_be(tmp_path: Path, files: dict[str, str], message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(write(tmp_path, **files))


def test_files_that_are_no_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    with pytest.raises(InputError, match="there is no file"):
        read(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="cannot be read as text"):
        read(path)


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert read(write(tmp_path, a="# nothing yet\n")) == {}
