"""A real S3 endpoint behind a way that is slow, refused or cut."""

from pathlib import Path

import pytest

from tatl_search.errors import InputError, StorageError
from tatl_search.remote import patience, place
from tatl_search.remote.mirror import Mirror
from tatl_search.remote.place import Place, check_place
from tests.s3 import BUCKET, BUSY, KEY, REFUSED, SECRET, Trouble, Way


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "here" / "stages").mkdir(parents=True)
    (tmp_path / "here" / "stages" / "weights").write_bytes(bytes(range(256)) * 800)
    return tmp_path / "here"


def test_files_go_up_and_come_down_under_their_names(s3: Way, folder: Path, tmp_path: Path) -> None:
    sent, there = folder / "stages" / "weights", tmp_path / "there"
    Mirror(folder, s3.uri("x")).send(sent)
    other = Mirror(there, s3.uri("x"))
    assert other.names(there / "stages") == {there / "stages" / "weights": 204_800}
    assert other.names(there) == other.names(there / "stages")
    assert other.bring(there / "stages" / "weights")
    assert (there / "stages" / "weights").read_bytes() == sent.read_bytes()
    assert not other.bring(there / "stages" / "absent")
    other.remove(there / "stages" / "weights")
    assert other.names(there) == {}
    assert [path.name for path in (there / "stages").iterdir()] == ["weights"]


@pytest.mark.parametrize(
    "trouble",
    [
        Trouble(away=True), Trouble(answer=BUSY), Trouble(answer=REFUSED),
        Trouble(cut_after=60_000), Trouble(delay_s=0.2),
    ],
    ids=["connection refused", "503", "403", "cut", "slow"],
)  # fmt: skip
def test_it_is_waited_for(
    s3: Way, folder: Path, trouble: Trouble, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trouble ends with the first sign of life, which slow answers do not need."""
    monkeypatch.setattr(patience, "FIRST_S", 0.05)
    signs = []

    def alive() -> None:
        signs.append(1)
        s3.trouble = Trouble()

    path = folder / "stages" / "weights"
    was = path.read_bytes()
    Mirror(folder, s3.uri("x")).send(path)
    path.unlink()
    s3.trouble = trouble
    assert Mirror(folder, s3.uri("x"), alive).bring(path)
    assert path.read_bytes() == was
    assert bool(signs) == (trouble.delay_s == 0.0)
    assert list(folder.glob("stages/.*")) == []


def test_a_place_that_cannot_be_used_is_refused_at_once(s3: Way) -> None:
    check_place(Place(s3.uri("new")), "sweep.yaml")
    assert Place(s3.uri("new")).names("") == {}
    missing = s3.uri("new").replace(BUCKET, "no-such-bucket")
    with pytest.raises(InputError, match="no-such-bucket") as refused:
        check_place(Place(missing), "sweep.yaml")
    s3.trouble = Trouble(answer=REFUSED)
    with pytest.raises(InputError, match=f"s3://{BUCKET}/new.* cannot be used") as forbidden:
        check_place(Place(s3.uri("new")), "sweep.yaml")
    for said in (str(refused.value), str(forbidden.value)):
        assert SECRET not in said
        assert KEY not in said


def test_a_sweep_is_not_written_over(s3: Way, folder: Path) -> None:
    (folder / "sweep.yaml").touch()
    Mirror(folder, s3.uri("taken")).send(folder / "sweep.yaml")
    with pytest.raises(InputError, match="holds a sweep already"):
        check_place(Place(s3.uri("taken")), "sweep.yaml")


def test_one_that_does_not_answer_ends_the_launch(s3: Way, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "LOOKED_AT_FOR_S", 0.0)
    s3.trouble = Trouble(away=True)
    with pytest.raises(StorageError, match=f"s3://{BUCKET}/new.* does not answer"):
        check_place(Place(s3.uri("new")), "sweep.yaml")


def test_an_unknown_option_is_refused(s3: Way) -> None:
    with pytest.raises(InputError, match="cannot be used"):
        check_place(Place(f"s3://{BUCKET}/x?colour=red"), "sweep.yaml")
