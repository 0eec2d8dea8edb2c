"""Pictures for a paper: the right kind of file, fonts inside, the same bytes each time."""

import re
from pathlib import Path

import pytest
from matplotlib import image

from tatl_search.errors import InputError, StorageError
from tatl_search.results.picture import picture_format, save_picture
from tatl_search.results.plots import draw, front_plot
from tatl_search.results.store import SweepResults


@pytest.mark.parametrize("name", ["front.svg", "front.pdf", "front.PNG"])
def test_the_same_sweep_gives_the_same_bytes(
    name: str, results: SweepResults, tmp_path: Path
) -> None:
    path = tmp_path / name
    written = []
    for _ in range(2):
        save_picture(draw(front_plot(results)), path)
        written.append(path.read_bytes())
    assert written[0] == written[1]
    starts = {"front.svg": b"<?xml", "front.pdf": b"%PDF", "front.PNG": b"\x89PNG"}
    assert written[0].startswith(starts[name])


def test_fonts_are_part_of_the_file(results: SweepResults, tmp_path: Path) -> None:
    save_picture(draw(front_plot(results)), tmp_path / "a.pdf")
    content = (tmp_path / "a.pdf").read_bytes()
    assert b"/FontFile2" in content  # TrueType, embedded
    assert b"/Type3" not in content
    save_picture(draw(front_plot(results)), tmp_path / "a.svg")
    assert not re.search(r"<text|font-family", (tmp_path / "a.svg").read_text())


def test_it_is_as_wide_as_asked(results: SweepResults, tmp_path: Path) -> None:
    save_picture(draw(front_plot(results), width_mm=127.0), tmp_path / "a.png")
    assert image.imread(tmp_path / "a.png").shape[1] == 5 * 300  # 127 mm are 5 inches
    save_picture(draw(front_plot(results), width_mm=127.0), tmp_path / "a.svg")
    assert 'width="360pt"' in (tmp_path / "a.svg").read_text()


@pytest.mark.parametrize("width_mm", [5.0, 5000.0, float("nan")])
def test_an_absurd_width_is_refused(width_mm: float, results: SweepResults) -> None:
    with pytest.raises(InputError, match="60 to 500 mm wide"):
        draw(front_plot(results), width_mm)


@pytest.mark.parametrize("name", ["front.jpg", "front", ".svg"])
def test_an_unknown_suffix_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=r"\.png, \.svg, \.pdf"):
        picture_format(Path(name))


def test_a_place_that_cannot_be_written_is_said(results: SweepResults, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot write .*No such file"):
        save_picture(draw(front_plot(results)), tmp_path / "absent" / "front.svg")
