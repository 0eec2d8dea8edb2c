import io
import json
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from tatl_search.deploy.checksums import write_checksums
from tatl_search.deploy.shipped.verify import DamagedError, verify
from tests.deploy.stored import STORED, Damage, edit, grow, write

LONE = """
import runpy, sys
for name in ("torch", "tatl_search", "PIL", "timm", "ray", "onnx", "pydantic"):
    sys.modules[name] = None
runpy.run_path("verify.py", run_name="__main__")
"""


def samples(**arrays: Any) -> Damage:
    """Return a way to replace arrays of the samples."""

    def change(folder: Path) -> None:
        with np.load(folder / "samples.npz") as stored:
            kept = {name: stored[name] for name in stored.files}
        np.savez(folder / "samples.npz", **{**kept, **arrays})

    return change


def declared(shape: tuple[int, ...]) -> Damage:
    """Return a way to have the samples' images say that they are so large."""
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        head, {"shape": shape, "fortran_order": False, "descr": "|u1"}
    )

    def change(folder: Path) -> None:
        with zipfile.ZipFile(folder / "samples.npz", "w") as archive:
            archive.writestr("images.npy", head.getvalue() + bytes(32 * 32 * 3))

    return change


def test_what_was_made_when_form_1_was_current_still_holds() -> None:
    files, logits = verify(STORED).splitlines()
    assert files == "13 files are as they were made"
    assert logits.startswith("the stored logits again: 10 images, largest difference ")
    assert logits.endswith("same class for 100.00%")


def test_the_folder_verifies_itself_with_onnxruntime_and_numpy_alone(copy: Path) -> None:
    shutil.copy(Path("tatl_search/deploy/shipped/verify.py"), copy / "verify.py")
    write_checksums(copy)
    command = [sys.executable, "-c", LONE]
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("same class for 100.00%\nverified\n")
    (copy / "labels.txt").write_text("changed\n")
    done = subprocess.run(command, cwd=copy, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("NOT VERIFIED: ")
    assert "labels.txt is damaged" in done.stderr


IMAGES = np.zeros((2, 32, 32, 3), np.uint8)
LOGITS = np.zeros((10, 10), np.float32)


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (samples(logits=LOGITS + 1), r"model\.onnx does not compute here what it should: 10"),
        (samples(logits=LOGITS * np.nan), "all of them finite"),
        (samples(logits=LOGITS.astype(np.float64)), r"logits\.npy is \(10, 10\) of float64"),
        (samples(logits=LOGITS[:, :3]), r"logits\.npy is \(10, 3\) of float32"),
        (samples(logits=LOGITS[:3]), "every image needs its logits"),
        (samples(images=IMAGES[:0], logits=LOGITS[:0]), "every image needs its logits"),
        (samples(images=IMAGES[:, :8]), r"images\.npy is \(2, 8, 32, 3\)"),
        (samples(images=np.array([len, None])), r"images\.npy is \(2,\) of object"),
        (declared((10**12, 32, 32, 3)), r"images\.npy is cut, or says it is \(1000000000000,"),
        (declared((-1, 32, 32, 3)), r"images\.npy is cut"),
        (write("samples.npz", b"PK\x05\x06" + bytes(18)), r"samples\.npz is damaged \(KeyError"),
        (write("samples.npz", b"no zip"), r"samples\.npz is damaged \(BadZipFile"),
        (grow("samples.npz", 2**26 + 1), "larger than"),
        (edit("preprocessing.json", "schema_version", value=2), "of form 2, this program reads"),
        (edit("preprocessing.json", "std", value=[1, 1, 1]), "does not compute here"),
        (edit("preprocessing.json", "std", value=[1, 1]), "cannot be run"),
        (edit("preprocessing.json", "input", value="picture"), "cannot be run"),
        (edit("preprocessing.json", "height", value=10**12), r"expected rows of \(1000000000000"),
        (write("preprocessing.json", b"[" * 200_000), r"preprocessing\.json is damaged \(Recurs"),
        (write("preprocessing.json", b"[]"), r"preprocessing\.json is damaged \(TypeError"),
        (write("preprocessing.json", b"{}"), r"preprocessing\.json is damaged \(KeyError"),
        (grow("preprocessing.json", 2**24 + 1), r"preprocessing\.json is larger than"),
        (write("labels.txt", b"one\n"), r"expected rows of \(1,\)"),
        (write("model.onnx", b"no network"), r"model\.onnx cannot be run"),
    ],
)  # fmt: skip
def test_a_folder_that_was_sealed_again_is_refused_with_a_reason(
    copy: Path, damage: Damage, reason: str
) -> None:
    damage(copy)
    write_checksums(copy)
    tracemalloc.start()
    try:
        with pytest.raises(DamagedError, match=reason):
            verify(copy)
        assert tracemalloc.get_traced_memory()[1] < 50e6
    finally:
        tracemalloc.stop()


def test_a_zip_that_says_a_member_is_huge_is_not_unpacked(copy: Path) -> None:
    path = copy / "samples.npz"
    with (
        zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open("images.npy", "w") as file,
    ):
        for _ in range(65):
            file.write(bytes(2**20))
    write_checksums(copy)
    with pytest.raises(DamagedError, match=r"images\.npy says it has 68157440 bytes"):
        verify(copy)


@pytest.mark.parametrize("location", ["../secret", "/etc/hostname"])
def test_a_network_whose_weights_lie_elsewhere_is_refused(copy: Path, location: str) -> None:
    (copy.parent / "secret").write_bytes(bytes(4096))
    network = onnx.load(copy / "model.onnx")
    weights = max(network.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    onnx.external_data_helper.set_external_data(weights, location)
    weights.ClearField("raw_data")
    weights.data_location = onnx.TensorProto.EXTERNAL
    (copy / "model.onnx").write_bytes(network.SerializeToString())
    write_checksums(copy)
    with pytest.raises(DamagedError, match=r"model\.onnx cannot be run"):
        verify(copy)


@pytest.mark.parametrize("name", ["model.onnx", "samples.npz", "labels.txt", "checksums.txt"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    with pytest.raises(DamagedError, match=f"{name} is missing or no plain file"):
        verify(copy)


def test_a_file_left_out_of_the_list_is_named(copy: Path) -> None:
    lines = (copy / "checksums.txt").read_text().splitlines(keepends=True)
    (copy / "checksums.txt").write_text("".join(x for x in lines if "samples" not in x))
    with pytest.raises(DamagedError, match=r"does not list samples\.npz"):
        verify(copy)


def test_the_form_is_that_of_what_is_written_today() -> None:
    form = json.loads((STORED / "preprocessing.json").read_text())
    assert form["schema_version"] == 1
