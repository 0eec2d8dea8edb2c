"""What a node does when it is asked whether it sees the sweep's folder.

tests/integration/test_nodes.py asks real nodes, of which some do not.
"""

from pathlib import Path

import pytest

from tatl_search.search import shared_storage
from tatl_search.search.shared_storage import check_shared, not_shared, write_and_read


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared_storage, "PATIENCE_S", 0.5)


def test_who_sees_the_folder_writes_there(tmp_path: Path) -> None:
    (tmp_path / ".probe-driver-word").write_text("word")
    assert write_and_read(str(tmp_path), "node", "word") == ""
    assert (tmp_path / ".probe-node-word").read_text() == "word"


def test_a_folder_of_the_same_name_is_not_the_same(tmp_path: Path) -> None:
    assert write_and_read(str(tmp_path), "node", "word") == "it does not see the folder"
    assert write_and_read(str(tmp_path / "none"), "node", "word") == "it does not see the folder"
    assert list(tmp_path.iterdir()) == []


def test_who_cannot_write_says_why(tmp_path: Path) -> None:
    (tmp_path / ".probe-driver-word").write_text("word")
    (tmp_path / ".probe-node-word").mkdir()
    answer = write_and_read(str(tmp_path), "node", "word")
    assert answer == "it cannot write there: Is a directory"


@pytest.mark.usefixtures("ray_here")
def test_one_machine_is_not_asked(tmp_path: Path) -> None:
    check_shared(tmp_path / "none", uri=None)


def test_the_error_names_the_nodes_and_says_what_to_do() -> None:
    assert not_shared(Path("/sweeps/a"), ["10.0.0.2 (it does not see the folder)"]) == (
        "/sweeps/a is not the same folder on every node of the cluster: 10.0.0.2 (it does not see"
        " the folder). Mount shared storage at the same path on all nodes and name a folder in it"
        " with --storage, or keep the sweep in a bucket: --storage s3://BUCKET/FOLDER"
    )
