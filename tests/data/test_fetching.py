import logging
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tatl_search.config import DataSettings
from tatl_search.data import load_target
from tatl_search.data.fetching import fetched
from tatl_search.data.packing import pack_into
from tatl_search.data.sources import origin_of
from tatl_search.errors import InputError, StorageError
from tatl_search.remote.uri import is_uri
from tatl_search.space import space_from_raw
from tests.data.made import write_tree

SIDE = 16
PROCESSES = 4


@pytest.fixture
def tree(tmp_path: Path) -> DataSettings:
    root = write_tree(tmp_path / "tree", {"a": 30, "b": 30})
    return DataSettings(source="folder", path=str(root), image_size=SIDE)


@pytest.fixture
def pack(tmp_path: Path, tree: DataSettings) -> Path:
    path = tmp_path / "store" / "set.arrow"
    path.parent.mkdir()
    pack_into(path, origin_of(tree))
    return path


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TATL_SEARCH_CACHE", str(tmp_path / "node"))
    return tmp_path / "node"


def packed(path: str, **changes: object) -> DataSettings:
    settings = {"source": "packed", "path": path, "image_size": SIDE, **changes}
    return DataSettings.model_validate(settings)


def test_a_local_file_is_mapped_in_place(pack: Path, tree: DataSettings, cache: Path) -> None:
    found, expected = load_target(packed(str(pack))), load_target(tree)
    assert found.fingerprint == expected.fingerprint
    np.testing.assert_array_equal(
        found.train.pixels(slice(None)), expected.train.pixels(slice(None))
    )
    assert str(pack) in Path("/proc/self/maps").read_text()
    assert not cache.exists()


def test_another_file_is_fetched_once(
    pack: Path, tree: DataSettings, cache: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found = [load_target(packed(pack.as_uri())) for _ in range(3)]
    assert caplog.text.count("Fetching") == 1
    assert {target.fingerprint for target in found} == {load_target(tree).fingerprint}
    assert [path.read_bytes() for path in cache.glob("*.arrow")] == [pack.read_bytes()]
    assert list(cache.glob("*.partial")) == []


def test_a_file_that_changed_at_its_place_is_fetched_anew(pack: Path, tree: DataSettings) -> None:
    first = load_target(packed(pack.as_uri()))
    write_tree(Path(tree.path or "") / "a" / "more", {"x": 3})
    pack_into(pack, origin_of(tree))
    second = load_target(packed(pack.as_uri()))
    assert second.fingerprint != first.fingerprint
    assert second.fingerprint == load_target(tree).fingerprint


def test_a_file_that_arrives_damaged_is_not_kept(pack: Path, cache: Path) -> None:
    content = bytearray(pack.read_bytes())
    content[len(content) // 3] ^= 1
    pack.write_bytes(content)
    with pytest.raises(StorageError, match=r"has the digest \w{64}, its head says \w{64}"):
        fetched(pack.as_uri())
    assert list(cache.glob("*.arrow")) + list(cache.glob("*.partial")) == []


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("file:///nowhere/set.arrow", "file:///nowhere/set.arrow does not exist"),
        ("nosuch://bucket/set.arrow", "nosuch://bucket/set.arrow cannot be used"),
    ],
)
def test_what_cannot_be_found(uri: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        load_target(packed(uri))


def test_credentials_are_refused_and_not_repeated() -> None:
    """Settings are stored, printed and shipped with every network."""
    for uri in ("s3://KEY:sEcReT@bucket/x.arrow", "s3://bucket/x.arrow?secret_key=sEcReT"):
        for path in (uri, {"choices": [uri]}):
            with pytest.raises(InputError, match=r"data\.path.* it holds credentials") as refused:
                space_from_raw({"data": {"source": "packed", "path": path}})
            assert "sEcReT" not in str(refused.value)
        with pytest.raises(InputError, match="URI holds credentials") as refused:
            fetched(uri)
        assert "sEcReT" not in str(refused.value)


def test_a_missing_local_file() -> None:
    with pytest.raises(InputError, match=r"nowhere\.arrow does not exist"):
        load_target(packed("nowhere.arrow"))


def test_a_file_that_is_no_pack(tmp_path: Path) -> None:
    (tmp_path / "x.arrow").write_text("hello")
    with pytest.raises(StorageError, match=r"x\.arrow is damaged"):
        load_target(packed(str(tmp_path / "x.arrow")))


def test_a_cache_that_cannot_be_written(pack: Path, cache: Path) -> None:
    cache.touch()
    with pytest.raises(StorageError, match="cannot write in"):
        fetched(pack.as_uri())


def test_another_side_is_refused_with_both(pack: Path) -> None:
    with pytest.raises(InputError, match="images of side 16, but the settings ask for 32"):
        load_target(packed(str(pack), image_size=32))
    assert load_target(packed(str(pack), storage_size=16)).image_size == 16


def test_what_is_packed_is_not_packed_again(pack: Path) -> None:
    with pytest.raises(InputError, match="is packed already"):
        origin_of(packed(str(pack)))


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("s3://bucket/a.arrow", True),
        ("file:///a", True),
        ("gs://b/a", True),
        ("/a/b.arrow", False),
        ("a.arrow", False),
        ("C:/a", False),
    ],
)
def test_schemes(path: str, expected: bool) -> None:
    assert is_uri(path) is expected


WORKER = """
import logging, sys, time
from pathlib import Path
logging.basicConfig(level=logging.INFO, format="%(message)s")
from tatl_search.data.fetching import fetched
print("ready", flush=True)
while not Path(sys.argv[2]).exists():
    time.sleep(0.001)
print(fetched(sys.argv[1]))
"""


def test_processes_at_once_fetch_once(pack: Path, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    command = [sys.executable, "-c", WORKER, pack.as_uri(), str(gate)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]  # type: ignore[call-overload]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    gate.touch()
    outputs = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    assert len({out for out, _ in outputs}) == 1
    assert sum(err.count("Fetching") for _, err in outputs) == 1
