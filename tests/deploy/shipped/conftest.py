"""Copies of a stored folder to damage."""

import shutil
from pathlib import Path

import pytest

from tests.deploy.stored import STORED


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return shutil.copytree(STORED, tmp_path / "copy")
