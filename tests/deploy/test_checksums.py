import shutil
import subprocess
from pathlib import Path

import pytest

from tatl_search.deploy.checksums import verify_checksums, write_checksums
from tatl_search.deploy.shipped.verify import CHECKSUMS
from tatl_search.errors import InputError

# sha256 of "abc": FIPS 180-2, appendix B.1.
ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "bundle"
    root.mkdir()
    (root / "abc.txt").write_text("abc")
    (root / "two words.bin").write_bytes(b"\x00\xff")
    write_checksums(root)
    return root


def test_the_list_is_sha256sums_own(folder: Path) -> None:
    assert (folder / CHECKSUMS).read_text().splitlines()[0] == f"{ABC}  abc.txt"
    tool = shutil.which("sha256sum")
    if tool:
        subprocess.run([tool, "--check", "--strict", CHECKSUMS], cwd=folder, check=True)
    verify_checksums(folder, ["abc.txt"])


def test_a_changed_file_is_named(folder: Path) -> None:
    (folder / "two words.bin").write_bytes(b"\x00\xfe")
    with pytest.raises(InputError, match=r"two words\.bin is damaged"):
        verify_checksums(folder, [])


def test_a_missing_file_and_a_link_are_refused(folder: Path) -> None:
    target = folder / "abc.txt"
    target.unlink()
    with pytest.raises(InputError, match=r"abc\.txt is missing or no plain file"):
        verify_checksums(folder, [])
    (folder.parent / "elsewhere.txt").write_text("abc")
    target.symlink_to(folder.parent / "elsewhere.txt")
    with pytest.raises(InputError, match="no plain file"):
        verify_checksums(folder, [])


@pytest.mark.parametrize(
    "line", [f"{ABC}  ../elsewhere.txt", f"{ABC}  /etc/hostname", f"{ABC}  ..", ABC, f"{ABC}  "]
)
def test_lines_that_name_no_file_of_the_folder_are_refused(folder: Path, line: str) -> None:
    (folder.parent / "elsewhere.txt").write_text("abc")
    with (folder / CHECKSUMS).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(InputError, match=r"line 3|no plain file"):
        verify_checksums(folder, [])


def test_a_needed_file_must_be_listed(folder: Path) -> None:
    (folder / "weights").write_text("late")
    with pytest.raises(InputError, match="does not list weights"):
        verify_checksums(folder, ["abc.txt", "weights"])


def test_a_folder_without_a_list_is_no_export(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no exported network"):
        verify_checksums(tmp_path, [])
    with pytest.raises(InputError, match="is no exported network"):
        verify_checksums(tmp_path / "nowhere", [])
    (tmp_path / CHECKSUMS).write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="it is no text"):
        verify_checksums(tmp_path, [])
