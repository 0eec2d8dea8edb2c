"""Names are compared in one form of Unicode, wherever they come from."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.checking import examine
from tatl_search.data.collection import SplitName
from tatl_search.data.fetching import verify
from tatl_search.data.listing import spoken
from tatl_search.data.names import look_alikes
from tatl_search.data.packed import Pack, open_pack, write_pack
from tatl_search.data.sources import load_pack
from tests.data.made import packed, write_idx_set, write_tree

COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"


def named(*names: str) -> Pack:
    """Return a pack of forty images in two or more classes of these names."""
    labels = [row % len(names) for row in range(40)]
    made = packed(len(names), labels, [SplitName.TRAIN] * 40, list(range(40)))
    head = made.head.model_copy(update={"class_names": names})
    return replace(made, head=head)


def test_listings_and_lists_of_classes_give_the_composed_form(tmp_path: Path) -> None:
    assert spoken(f"{DECOMPOSED}_noir") == f"{COMPOSED} noir"
    root = write_idx_set(tmp_path, train=[0, 1] * 20)
    (root / "labels.txt").write_text(f"{DECOMPOSED}\ntea\n", encoding="utf-8")
    pack = load_pack(DataSettings(source="idx", path=str(root), image_size=16))
    assert pack.class_names == (COMPOSED, "tea")


def test_a_file_packed_with_decomposed_names_is_read_in_one_form(tmp_path: Path) -> None:
    pack = named(DECOMPOSED, "tea")
    digest = pack.columns.digest(pack.head.class_names)
    write_pack(
        tmp_path / "x.arrow",
        replace(pack, head=pack.head.model_copy(update={"digest": digest})),
    )
    found = open_pack(tmp_path / "x.arrow")
    assert found.class_names == (COMPOSED, "tea")
    verify(found, "x.arrow")


def test_names_do_not_move_a_terminal(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"\x1b[31mred": 8, "\u202etac": 8})
    (root / "\x1b[31mred" / "\x1b[2J.png").write_bytes(b"x")
    pack = load_pack(DataSettings(source="folder", path=str(root), image_size=16))
    assert pack.class_names == (r"\x1b[31mred", r"\u202etac")
    assert [left.name for left in pack.head.left_out] == [r"\x1b[31mred/\x1b[2J.png"]
    rows = "".join(f"\x1b[31mred/00{n}.png,{c}\n" for n, c in enumerate(["\x1b[0m", "b"] * 4))
    (root / "table.csv").write_text(f"path,label\n{rows}", encoding="utf-8")
    table = DataSettings(source="table", path=str(root / "table.csv"), image_size=16)
    assert load_pack(table).class_names == (r"\x1b[0m", "b")


@pytest.mark.parametrize(
    "names",
    [("Cat", "cat"), ("cat", " cat"), ("big cat", "big  cat"), ("CAF\u00c9", COMPOSED)],
    ids=str,
)
def test_names_that_people_would_take_for_one_are_remarked(names: tuple[str, str]) -> None:
    assert look_alikes([*names, "dog"]) == [names]
    found = examine(named(*names, "dog"), DataSettings())
    assert [names[0] in remark and names[1] in remark for remark in found.remarks] == [True]


def test_names_that_differ_are_not_remarked() -> None:
    assert examine(named("cat", "cats", COMPOSED, "cafe"), DataSettings()).remarks == ()


def test_folders_that_differ_in_case_stay_apart_and_are_remarked(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"Cat": 8, "cat": 8})
    Image.new("RGB", (9, 9), (3, 3, 3)).save(root / "cat" / "other.png")
    settings = DataSettings(source="folder", path=str(root), image_size=16)
    pack = load_pack(settings)
    assert pack.class_names == ("Cat", "cat")
    assert "'Cat', 'cat'" in "".join(examine(pack, settings).remarks)
