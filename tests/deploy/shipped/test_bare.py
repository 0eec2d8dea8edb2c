"""An exported folder in an environment that holds nothing of this product."""

import shutil
import subprocess
import sys
import venv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.deploy.bundle import ship_scripts
from tatl_search.deploy.checksums import write_checksums
from tests.deploy.stored import STORED

CONSTRAINTS = Path(__file__).parents[3] / "constraints.txt"


def run(*command: str | Path, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.soak
def test_with_onnxruntime_and_pillow_alone_it_predicts_and_verifies(tmp_path: Path) -> None:
    folder = shutil.copytree(STORED, tmp_path / "network")
    ship_scripts(folder)
    write_checksums(folder)
    venv.create(tmp_path / "bare", with_pip=True)
    python = tmp_path / "bare" / "bin" / "python"
    run(
        python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
        "--constraint", CONSTRAINTS, "onnxruntime", "pillow", cwd=tmp_path,
    )  # fmt: skip
    installed = run(python, "-m", "pip", "list", cwd=tmp_path)
    assert "torch" not in installed
    assert "tatl" not in installed
    noise = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "image.jpg")
    here = run(sys.executable, "predict.py", tmp_path / "image.jpg", cwd=folder)
    assert run(python, "predict.py", tmp_path / "image.jpg", cwd=folder) == here
    assert len(here.splitlines()) == 5
    assert run(python, "verify.py", cwd=folder).endswith("verified\n")
