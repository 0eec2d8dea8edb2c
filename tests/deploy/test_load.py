import json
import shutil
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch

from tatl_search.deploy.bundle import BundleReport
from tatl_search.deploy.checksums import write_checksums
from tatl_search.deploy.load import load
from tatl_search.errors import InputError
from tatl_search.nets.structure import load_network
from tests.deploy.conftest import SIZE, ToySweep
from tests.deploy.stored import STORED, Damage, edit, grow, write

HUGE = 10**12
STEM = "conv_stem"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(STORED, tmp_path / "copy")


def test_the_network_comes_back_in_eval_mode(bundle: BundleReport, toy: ToySweep) -> None:
    module = load(str(bundle.folder))
    assert not any(part.training for part in module.modules())
    images = torch.randn(4, 3, SIZE, SIZE)
    stored = load_network(toy.folder.stages / toy.picked.stage)[0].module
    assert torch.equal(module(images), stored(images))


def test_a_folder_made_when_form_1_was_current_loads_and_computes_what_it_did() -> None:
    how = json.loads((STORED / "preprocessing.json").read_text())
    with np.load(STORED / "samples.npz") as samples:
        images, expected = samples["images"], samples["logits"]
    mean, std = torch.tensor(how["mean"]), torch.tensor(how["std"])
    inputs = ((torch.from_numpy(images) / 255 - mean) / std).permute(0, 3, 1, 2)
    with torch.inference_mode():
        logits = load(STORED)(inputs)
    torch.testing.assert_close(logits, torch.from_numpy(expected), rtol=1e-4, atol=1e-5)
    assert logits.std(dim=0).min() > 1e-2 * logits.abs().max()


def weights(name: str, value: float) -> Damage:
    """Return a way to put a value into a tensor."""

    def change(folder: Path) -> None:
        path = folder / "weights.safetensors"
        tensors = safetensors.numpy.load_file(path)
        tensors[name].reshape(-1)[0] = value
        safetensors.numpy.save_file(tensors, path)

    return change


def header(content: bytes, length: int | None = None) -> Damage:
    """Return a way to replace the weights by a safetensors header and no values."""
    said = struct.pack("<Q", len(content) if length is None else length)
    return write("weights.safetensors", said + content)


def cut(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


DECLARED = json.dumps(
    {"a": {"dtype": "F32", "shape": [HUGE], "data_offsets": [0, 4 * HUGE]}}
).encode()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (cut, r"weights\.safetensors is damaged"),
        (write("weights.safetensors", b""), r"weights\.safetensors is damaged"),
        (header(DECLARED), r"weights\.safetensors is damaged"),
        (header(b"{}", length=2**60), r"weights\.safetensors is damaged"),
        (header(b"{}"), "tensors missing: blocks"),
        (weights("conv_stem.weight", float("nan")), r"conv_stem\.weight holds .* not finite"),
        (weights("bn1.running_var", float("inf")), r"bn1\.running_var holds .* not finite"),
        (edit("structure.json", "version", value=2), r"newer version of this program \(form 2"),
        (edit("structure.json", "version", value=0), r"structure\.json is damaged: version"),
        (edit("structure.json", "arguments", "num_classes", value=HUGE), f"but {HUGE} outputs"),
        (edit("structure.json", "widths", STEM, "out_channels", value=HUGE), "more than the unpru"),
        (edit("structure.json", "widths", STEM, "out_channels", value=999), "more than the unpru"),
        (edit("structure.json", "widths", STEM, "out_channels", value=-1), "greater than or equal"),
        (edit("structure.json", "widths", "../../etc", value={}), r"unknown: \.\./\.\./etc"),
        (edit("structure.json", "image_size", value=HUGE), "image_size: Input should be less"),
        (edit("structure.json", "network", value="timm/../../etc/passwd"), "timm has no"),
        (edit("structure.json", "network", value="timm/hf-hub:some/one"), "timm has no"),
        (edit("structure.json", "network", value="/etc/passwd"), "is of no known library"),
        (edit("structure.json", "more", value=1), r"structure\.json is damaged: more"),
        (write("structure.json", b"[]"), r"structure\.json is damaged"),
        (write("structure.json", b"[" * 200_000), r"structure\.json is damaged"),
        (write("structure.json", b"\xff{}"), r"structure\.json is damaged"),
        (grow("structure.json", 2**24 + 1), r"structure\.json is larger than"),
    ],
)  # fmt: skip
def test_a_folder_that_was_sealed_again_is_refused_with_a_reason(
    copy: Path, damage: Damage, reason: str
) -> None:
    damage(copy)
    write_checksums(copy)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=reason):
            load(copy)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_a_flipped_bit_is_refused(copy: Path) -> None:
    path = copy / "weights.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"weights\.safetensors is damaged: it is not what"):
        load(copy)


@pytest.mark.parametrize("name", ["weights.safetensors", "structure.json", "labels.txt"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(InputError, match=f"{name} is missing or no plain file"):
        load(copy)


def test_a_link_to_elsewhere_is_refused(copy: Path, tmp_path: Path) -> None:
    path = copy / "weights.safetensors"
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="no plain file"):
        load(copy)


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "..", "a" * 5000, "a\0b"])
def test_a_list_that_points_elsewhere_is_refused(copy: Path, name: str) -> None:
    (copy.parent / "secret").write_text("")
    with (copy / "checksums.txt").open("a") as file:
        file.write("0" * 64 + f"  {name}\n")
    with pytest.raises(InputError, match=r"a file in this folder|no plain file"):
        load(copy)


def test_a_folder_that_is_no_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is no exported network"):
        load(tmp_path)
