import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data import Split, load_target, reading
from tatl_search.data.packed import open_pack
from tatl_search.data.sources import load_pack, stored_target
from tatl_search.errors import InputError
from tests.data.made import colours, write_idx_set, write_tree

SMALL = 16
PROCESSES = 8
FASHION = Path("/usr/share/datasets/fashion-mnist")


def folder(root: Path, **changes: object) -> DataSettings:
    settings = {"source": "folder", "path": str(root), "image_size": SMALL, **changes}
    return DataSettings.model_validate(settings)


def contents(split: Split) -> set[bytes]:
    return {image.tobytes() for image in split.pixels(slice(None))}


def test_digits_by_default() -> None:
    target = load_target(DataSettings(image_size=SMALL))
    assert target.class_names == tuple("0123456789")
    assert target.image_size == SMALL
    test = target.open_test("test of the splits")
    sizes = [len(target.train), len(target.val), len(test)]
    assert sizes == [1151, 287, 359]
    assert target.train.pixels(slice(None)).shape == (1151, SMALL, SMALL, 3)
    everything = contents(target.train) | contents(target.val) | contents(test)
    assert len(everything) == 1797
    for split in (target.train, target.val, test):
        shares = np.bincount(split.labels) / len(split)
        np.testing.assert_allclose(shares, 0.1, atol=0.01)


@pytest.mark.parametrize("cached", [True, False])
def test_images_keep_their_labels(cached: bool, tmp_path: Path) -> None:
    """In the tree, red tells the folder and green the image."""
    root = write_tree(tmp_path / "tree", {"dog": 30, "cat": 20})
    target = load_target(folder(root), tmp_path / "cache" if cached else None)
    assert target.class_names == ("cat", "dog")
    splits = (target.train, target.val, target.open_test("test of the pairing"))
    seen = []
    for split in splits:
        for (red, green, blue), label in zip(colours(split), split.labels, strict=True):
            assert blue == 7
            assert target.class_names[label] == ("dog", "cat")[red]
            seen.append((red, green))
    assert sorted(seen) == [(0, i) for i in range(30)] + [(1, i) for i in range(20)]
    assert [len(split) for split in splits] == [32, 8, 10]


def test_idx_with_per_class(tmp_path: Path) -> None:
    """Image i of the training file is of grey i and has label i % 4."""
    root = write_idx_set(tmp_path, train=[i % 4 for i in range(200)], test=[0, 1, 2, 3, 3])
    settings = DataSettings(source="idx", path=str(root), image_size=28, per_class=6)
    target = load_target(settings)
    assert np.bincount(target.train.labels).tolist() == [6] * 4
    assert np.bincount(target.val.labels).tolist() == [10] * 4
    for split in (target.train, target.val):
        assert [grey % 4 for grey, _, _ in colours(split)] == split.labels.tolist()
    test = target.open_test("test of idx")
    assert sorted(colours(test)) == [(i, i, i) for i in range(5)]
    assert sorted(test.labels.tolist()) == [0, 1, 2, 3, 3]


@pytest.mark.skipif(not FASHION.is_dir(), reason="Debian's dataset-fashion-mnist is not installed")
def test_fashion_mnist() -> None:
    settings = DataSettings(source="idx", path=str(FASHION), image_size=28, per_class=10)
    target = load_target(settings)
    assert np.bincount(target.train.labels).tolist() == [10] * 10
    assert np.bincount(target.val.labels).tolist() == [20] * 10
    assert np.bincount(target.open_test("test of idx").labels).tolist() == [1000] * 10


def test_official_splits_stay_apart(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path,
        {f"{split}/{name}": 9 for split in ("train", "val", "test") for name in ("a", "b")},
    )
    target = load_target(folder(root))
    reds = [
        {red for red, _, _ in colours(split)}
        for split in (target.train, target.val, target.open_test("test of the splits"))
    ]
    assert reds == [{0, 1}, {2, 3}, {4, 5}]


def test_a_second_call_opens_no_image(tmp_path: Path) -> None:
    """Pixels are overwritten behind the cache's back: same names, sizes and times."""
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    first = load_target(folder(root), tmp_path / "cache")
    for path in root.rglob("*.png"):
        found = path.stat()
        path.write_bytes(bytes(found.st_size))
        os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))
    second = load_target(folder(root), tmp_path / "cache")
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(second.train.images, first.train.images)
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 1


def test_a_changed_image_is_noticed(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    first = load_target(folder(root), tmp_path / "cache")
    Image.new("RGB", (20, 24), (99, 99, 99)).save(root / "a" / "000.png")
    second = load_target(folder(root), tmp_path / "cache")
    assert second.fingerprint != first.fingerprint


def test_notes_survive_the_cache(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"a": 40, "b": 10})
    (root / "a" / "broken.jpg").write_text("no image")
    notes = [load_target(folder(root), tmp_path / "cache").notes for _ in range(2)]
    assert notes[0] == notes[1]
    assert notes[0] == (
        "classes are imbalanced: from 6 ('b') to 26 ('a') training images",
        "left out: a/broken.jpg (not an image)",
    )


def test_fingerprint_is_of_the_images_not_of_their_place(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    moved = shutil.copytree(root, tmp_path / "elsewhere")
    first = load_target(folder(root)).fingerprint
    assert load_target(folder(moved)).fingerprint == first
    assert load_target(folder(root), tmp_path / "cache").fingerprint == first


@pytest.mark.parametrize(
    "changes",
    [
        {"image_size": 20},
        {"split_seed": 1},
        {"val_share": 0.4},
        {"test_share": 0.4},
        {"per_class": 3},
        {"storage_size": 20},
    ],
    ids=str,
)
def test_fingerprint_changes_with_the_settings(changes: dict[str, object], tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"a": 10, "b": 10})
    assert load_target(folder(root, **changes)).fingerprint != load_target(folder(root)).fingerprint


@pytest.mark.parametrize(
    "changes", [{"augment": {"flip": True}}, {"split_seed": 1}, {"per_class": 3}], ids=str
)
def test_settings_of_cuts_and_training_share_the_packed_file(
    changes: dict[str, object], tmp_path: Path
) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    load_target(folder(root), tmp_path / "cache")
    load_target(folder(root, **changes), tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 1


def test_training_settings_are_not_part_of_the_fingerprint(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"a": 10, "b": 10})
    other = folder(root, augment={"flip": True}, class_weights="balanced")
    assert load_target(other).fingerprint == load_target(folder(root)).fingerprint


def test_an_empty_class_names_itself_and_what_was_left_out(tmp_path: Path) -> None:
    root = write_tree(tmp_path, {"cat": 5, "dog": 0})
    (root / "dog" / "rex.jpg").touch()
    with pytest.raises(InputError, match="class 'dog'") as caught:
        load_target(folder(root))
    assert "left out: dog/rex.jpg (empty file)" in str(caught.value)


def test_one_class(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"one class only \('cat'\)"):
        load_target(folder(write_tree(tmp_path, {"cat": 5})))


def test_a_worker_needs_the_packed_file_only(tmp_path: Path) -> None:
    """The driver's node sees the images; a worker's sees the sweep's folder."""
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    driver = load_target(folder(root, augment={"flip": True}), tmp_path / "cache")
    shutil.rmtree(root)
    worker = stored_target(folder(root, split_seed=0), tmp_path / "cache")
    assert worker.fingerprint == driver.fingerprint
    other_cut = stored_target(folder(root, split_seed=1), tmp_path / "cache")
    assert other_cut.fingerprint != driver.fingerprint


def test_a_path_is_the_same_however_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    monkeypatch.setenv("IMAGES", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    for path in (str(root), "tree", "$IMAGES/tree", "./tree/../tree"):
        load_target(folder(Path(path)), tmp_path / "cache")
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 1


def test_a_worker_keeps_to_what_was_packed(tmp_path: Path) -> None:
    """Images that change while a sweep runs do not give its trials different data."""
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    first = load_target(folder(root), tmp_path / "cache")
    (root / "a" / "000.png").unlink()
    assert stored_target(folder(root), tmp_path / "cache").fingerprint == first.fingerprint
    assert load_target(folder(root), tmp_path / "cache").fingerprint != first.fingerprint


def test_without_a_packed_file_a_worker_packs(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    found = stored_target(folder(root), tmp_path / "cache")
    assert found.fingerprint == load_target(folder(root)).fingerprint
    assert len(list((tmp_path / "cache").glob("*.arrow"))) == 1


def test_without_a_cache_nothing_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    target = load_target(folder(root))
    assert list(temporary.iterdir()) == []
    assert len(colours(target.train)) == 12


def test_copies_are_noted_once_with_what_to_do(tmp_path: Path) -> None:
    root = write_tree(
        tmp_path, {f"{part}/{name}": 5 for part in ("train", "test") for name in "ab"}
    )
    shutil.copy(root / "train/a/000.png", root / "test/a/copy.png")
    assert load_target(folder(root)).notes == (
        "images that occur more than once: 1, in several splits: 1, with several labels: 0;"
        " tatl-search data check lists them",
    )


WORKER = """
import logging, sys, time
from pathlib import Path
logging.basicConfig(level=logging.INFO, format="%(message)s")
from tatl_search.config import DataSettings
from tatl_search.data import load_target
root, cache, gate = map(Path, sys.argv[1:])
print("ready", flush=True)
while not gate.exists():
    time.sleep(0.001)
target = load_target(DataSettings(source="folder", path=str(root), image_size=32), cache)
print(target.fingerprint, int(target.train.images.sum()))
"""


def test_eight_processes_at_once_pack_once(tmp_path: Path) -> None:
    root = write_tree(tmp_path / "tree", {"a": 60, "b": 60})
    cache, gate = tmp_path / "cache", tmp_path / "gate"
    command = [sys.executable, "-c", WORKER, str(root), str(cache), str(gate)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    workers = [subprocess.Popen(command, **pipes) for _ in range(PROCESSES)]  # type: ignore[call-overload]
    for worker in workers:
        assert worker.stdout.readline() == "ready\n"
    gate.touch()
    outputs = [worker.communicate(timeout=120) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * PROCESSES
    assert len({out for out, _ in outputs}) == 1
    assert sum(err.count("Packing 120 images") for _, err in outputs) == 1
    assert len(list(cache.glob("*.arrow"))) == 1
    assert list(cache.glob("*.partial")) == []


def test_loading_needs_no_torch() -> None:
    code = "import sys, tatl_search.data; print('torch' in sys.modules, 'sklearn' in sys.modules)"
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert printed == "False False\n"


def test_images_packed_by_other_rules_are_packed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(tmp_path / "tree", {"a": 10, "b": 10})
    with monkeypatch.context() as earlier:
        earlier.setattr(reading, "RULES", reading.RULES - 1)
        before = load_pack(folder(root), tmp_path / "cache")
        assert load_pack(folder(root), tmp_path / "cache").head == before.head
    after = load_pack(folder(root), tmp_path / "cache")
    (place,) = (tmp_path / "cache").glob("*.arrow")
    assert open_pack(place).head == after.head
    assert after.head.made_from != before.head.made_from
    assert after.head.digest == before.head.digest  # no image of these differs
