import shutil
from pathlib import Path

import pytest
import torch

from tatl_search.deploy.bundle import BundleReport
from tatl_search.deploy.checksums import write_checksums
from tatl_search.deploy.load import load
from tatl_search.errors import InputError
from tatl_search.nets.structure import load_network
from tests.deploy.conftest import SIZE, ToySweep


@pytest.fixture
def copy(bundle: BundleReport, tmp_path: Path) -> Path:
    return shutil.copytree(bundle.folder, tmp_path / "copy")


def test_the_network_comes_back_in_eval_mode(copy: Path, toy: ToySweep) -> None:
    module = load(str(copy))
    assert not any(part.training for part in module.modules())
    images = torch.randn(4, 3, SIZE, SIZE)
    stored = load_network(toy.folder.stages / toy.picked.stage)[0].module
    assert torch.equal(module(images), stored(images))


def test_a_flipped_bit_is_refused(copy: Path) -> None:
    weights = copy / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.safetensors is damaged"):
        load(copy)


def test_a_cut_file_is_refused_even_with_fresh_checksums(copy: Path) -> None:
    weights = copy / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    write_checksums(copy)
    with pytest.raises(InputError):
        load(copy)


def test_a_list_that_points_elsewhere_is_refused(copy: Path) -> None:
    with (copy / "checksums.txt").open("a") as file:
        file.write("0" * 64 + "  ../secret\n")
    with pytest.raises(InputError, match="a file in this folder"):
        load(copy)


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no exported network"):
        load(tmp_path)
