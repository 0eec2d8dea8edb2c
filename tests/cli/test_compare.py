"""The verb `compare`, on a real run and a copy of it that pruned elsewhere."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Tatl


@pytest.fixture
def twin(adapted: Path, tmp_path: Path) -> Path:
    """Return a copy of the run under another setting."""
    copy = tmp_path / "twin"
    shutil.copytree(adapted, copy, ignore=shutil.ignore_patterns("stages"))
    text = (copy / "sweep.yaml").read_text().replace("rate: 0.3", "rate: 0.4")
    (copy / "sweep.yaml").write_text(text.replace("name: adapted", "name: twin"))
    return copy


def test_a_front_against_its_equal(adapted: Path, twin: Path, here: Path, tatl: Tatl) -> None:
    ended = tatl("compare", adapted, twin, "--output", "both.svg", "--json")
    assert (ended.code, ended.err) == (0, "wrote both.svg\n")
    found = json.loads(ended.out)
    assert [arm["label"] for arm in found["arms"]] == ["adapted", "twin"]
    assert [row["share"] for row in found["coverage"]] == [1.0, 1.0]
    assert found["paired"][0]["log_area"]["spread"]["mean"] == 0.0
    assert found["notes"] == []  # the validation images were looked at
    assert (here / "both.svg").read_text().startswith("<?xml")
    assert "adapted minus twin" in tatl("compare", adapted, twin).out


def test_other_validation_images_are_another_task(adapted: Path, twin: Path, tatl: Tatl) -> None:
    """The rows say that the images were cut with another seed, so others judge."""
    import pyarrow.parquet as pq

    for path in (twin / "candidates").iterdir():
        (row,) = pq.read_table(path).to_pylist()
        settings = json.loads(row["settings"])
        settings["data"]["split_seed"] = 1
        row["settings"] = json.dumps(settings)
        pq.write_table(pq.read_table(path).from_pylist([row], pq.read_schema(path)), path)
    ended = tatl("compare", adapted, twin)
    assert ended.code == 2
    assert "are different tasks" in ended.err


@pytest.mark.parametrize("label", ["ours", "=a", "ours=", "ours= , "])
def test_a_label_names_sweeps(label: str, tatl: Tatl) -> None:
    ended = tatl("compare", "--label", label)
    assert ended.code == 2
    assert "should be NAME=SWEEP,..." in ended.err
