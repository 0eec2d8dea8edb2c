"""Files are whole or absent, and what the file system refuses is said in words."""

import errno
from pathlib import Path

import pytest

from tatl_search.errors import StorageError
from tatl_search.files import REFUSALS, checksum, storage_errors, write_durably


def test_a_file_is_written_and_written_over(tmp_path: Path) -> None:
    file = tmp_path / "file"
    write_durably(file, b"one")
    write_durably(file, b"two")
    assert file.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [file]


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    (taken / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        write_durably(taken, b"content")
    assert list(tmp_path.iterdir()) == [taken]
    with pytest.raises(FileNotFoundError):
        write_durably(tmp_path / "nowhere/file", b"content")


def test_a_checksum_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")  # the example of FIPS 180-2
    assert checksum(tmp_path / "file") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_a_full_disk_is_named() -> None:
    full = Path("/dev/full")
    with (
        pytest.raises(StorageError, match=r"full cannot be written: No space left.*then resume"),
        storage_errors(full),
        full.open("wb", buffering=0) as file,
    ):
        file.write(b"content")


@pytest.mark.parametrize("code", sorted(REFUSALS))
def test_what_the_storage_refuses(code: int) -> None:
    refused = pytest.raises(StorageError, match=r"x cannot be written: .*\. Start anew\.$")
    with refused, storage_errors(Path("x"), "Start anew."):
        raise OSError(code, "refused")


def test_other_errors_are_left_alone() -> None:
    with pytest.raises(FileNotFoundError), storage_errors(Path("x")):
        raise OSError(errno.ENOENT, "not there")
    with pytest.raises(KeyError), storage_errors(Path("x")):
        raise KeyError
