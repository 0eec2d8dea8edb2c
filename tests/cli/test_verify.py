"""The verb `verify`."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.cli.conftest import Tatl
from tests.deploy.stored import STORED

WITHOUT = """
import sys
for name in ("torch", "torchvision", "timm", "ray", "optuna", "wandb", "pyarrow", "onnx", "PIL",
             "sklearn", "matplotlib", "safetensors"):
    sys.modules[name] = None
from tatl_search.cli import main
main()
"""


def test_a_folder_is_verified_without_torch_and_ray() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, "verify", STORED],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("13 files are as they were made\n")
    assert done.stdout.endswith("same class for 100.00%\nverified\n")


def test_a_damaged_folder_ends_with_1_and_a_reason(tatl: Tatl, tmp_path: Path) -> None:
    copy = shutil.copytree(STORED, tmp_path / "copy")
    (copy / "model.onnx").write_bytes(b"")
    ended = tatl("verify", copy)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.startswith("tatl-search: NOT VERIFIED: ")
    assert "model.onnx is damaged" in ended.err


def test_what_is_no_export_ends_with_2(tatl: Tatl, tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "nowhere"):
        ended = tatl("verify", folder)
        assert (ended.code, ended.out) == (2, "")
        assert "is no exported network: it holds no checksums.txt" in ended.err
