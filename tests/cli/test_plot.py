"""The verb `plot`."""

from pathlib import Path

from tests.cli.conftest import Tatl


def test_a_picture_is_written(adapted: Path, here: Path, tatl: Tatl) -> None:
    ended = tatl("plot", adapted, "--output", "front.pdf", "--width-mm", "85", "--no-title")
    assert (ended.code, ended.out, ended.err) == (0, "", "wrote front.pdf\n")
    assert (here / "front.pdf").read_bytes().startswith(b"%PDF")


def test_an_unknown_kind_of_picture_is_refused(adapted: Path, here: Path, tatl: Tatl) -> None:
    ended = tatl("plot", adapted, "--output", "front.jpg")
    assert ended.code == 2
    assert "written as .png, .svg, .pdf" in ended.err
    assert not (here / "front.jpg").exists()
