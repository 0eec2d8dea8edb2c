from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torchvision
from scipy.io import loadmat, savemat

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, SplitName
from tatl_search.data.flower102 import open_flower102
from tatl_search.errors import InputError
from tests.data.layouts import expected, plan, seen, write_flower102

IMAGES = plan(3, {SplitName.TRAIN: 2, SplitName.VAL: 1, SplitName.TEST: 3})


def read(root: Path) -> Collection:
    return open_flower102(DataSettings(source="flower102", path=str(root))).read()


@pytest.mark.parametrize("folder", ["102flowers", "jpg", "flowers-102/jpg"])
def test_images_labels_and_splits(folder: str, tmp_path: Path) -> None:
    """As it unpacks, and below the folder that torchvision makes."""
    above, _, below = folder.rpartition("/")
    names = write_flower102(tmp_path / above, IMAGES, below)
    collection = read(tmp_path)
    assert collection.class_names == names
    assert seen(collection) == expected(IMAGES, names)
    assert "image_00001.jpg" in collection.names[0]


def test_all_102_names_as_torchvision_has_them(tmp_path: Path) -> None:
    write_flower102(tmp_path, plan(102, {SplitName.TRAIN: 1, SplitName.TEST: 1}))
    names = read(tmp_path).class_names
    assert len(set(names)) == 102
    theirs = getattr(torchvision.datasets.Flowers102, "classes", None)
    if theirs is None:
        pytest.skip("this torchvision has no names")
    assert names == tuple(name.rstrip("?") for name in theirs)


@pytest.fixture
def no_checksums(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let torchvision read a small set: its published MD5 stands in the way."""
    monkeypatch.setattr(
        torchvision.datasets.flowers102, "check_integrity", lambda path, *_: Path(path).is_file()
    )


@pytest.mark.usefixtures("no_checksums")
def test_the_same_as_torchvision_reads(tmp_path: Path) -> None:
    write_flower102(tmp_path / "flowers-102", IMAGES)
    collection = read(tmp_path)
    for split in SplitName:
        theirs = torchvision.datasets.Flowers102(str(tmp_path), split=split.folder)
        own = np.flatnonzero(collection.brought == split).tolist()
        assert [collection.names[i] for i in own] == [
            f"jpg/{file.name}" for file in theirs._image_files
        ]
        assert collection.labels[own].tolist() == theirs._labels


@pytest.mark.usefixtures("no_checksums")
@pytest.mark.parametrize("folder", ["jpg", "flowers-102/jpg"])
def test_what_is_there_is_not_fetched_again(folder: str, tmp_path: Path) -> None:
    above, _, below = folder.rpartition("/")
    names = write_flower102(tmp_path / above, IMAGES, below)
    settings = DataSettings(source="flower102", path=str(tmp_path), download=True)
    assert seen(open_flower102(settings).read()) == expected(IMAGES, names)


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise URLError("no route to host")

    monkeypatch.setattr(
        torchvision.datasets.flowers102, "download_and_extract_archive", unreachable
    )
    settings = DataSettings(source="flower102", path=str(tmp_path / "new"), download=True)
    with pytest.raises(InputError, match=r"could not be fetched into .*new: .*no route to host"):
        open_flower102(settings)


def change(root: Path, name: str, key: str, value: int) -> None:
    """Overwrite the second number of a .mat file's variable."""
    found = {k: v for k, v in loadmat(root / name).items() if not k.startswith("_")}
    found[key] = found[key].astype(np.int64)
    found[key][0, 1] = value
    savemat(root / name, found)


@pytest.mark.parametrize(
    ("name", "key", "value", "message"),
    [
        ("setid.mat", "tstid", 1, "image_00001.jpg is listed in both train and test.*setid.mat"),
        ("setid.mat", "trnid", 1, "image_00001.jpg is listed twice in train"),
        ("setid.mat", "trnid", 0, "trnid names image 0, but imagelabels.mat has 18 images"),
        ("setid.mat", "valid", 19, "valid names image 19, but"),
        ("imagelabels.mat", "labels", 0, "image 2 has label 0; labels are 1 to 102"),
        ("imagelabels.mat", "labels", 103, "image 2 has label 103"),
    ],
)
def test_numbers_out_of_range(
    name: str, key: str, value: int, message: str, tmp_path: Path
) -> None:
    write_flower102(tmp_path, IMAGES)
    change(tmp_path, name, key, value)
    with pytest.raises(InputError, match=message):
        read(tmp_path)


def test_missing_parts_are_named_with_the_whole_layout(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"imagelabels.mat is missing. data.path has to hold"):
        read(tmp_path)
    write_flower102(tmp_path, IMAGES, "photos")
    with pytest.raises(InputError, match=r"102flowers/ is missing.*data.download=true"):
        read(tmp_path)


def test_damaged_mat_files(tmp_path: Path) -> None:
    write_flower102(tmp_path, IMAGES)
    whole = (tmp_path / "setid.mat").read_bytes()
    (tmp_path / "setid.mat").write_bytes(whole[:150])
    with pytest.raises(InputError, match=r"setid.mat cannot be read as a .mat file"):
        read(tmp_path)
    savemat(tmp_path / "setid.mat", {"trnid": [[1]], "valid": [[2]]})
    with pytest.raises(InputError, match=r"setid.mat holds no 'tstid'"):
        read(tmp_path)
    (tmp_path / "setid.mat").write_text("hello")
    with pytest.raises(InputError, match=r"setid.mat cannot be read as a .mat file"):
        read(tmp_path)
