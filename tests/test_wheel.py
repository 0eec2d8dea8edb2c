"""What is installed holds all that the product needs: spaces, and what reports are made of."""

import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

from tatl_search.space.packaged import packaged_names

ROOT = Path(__file__).parents[1]
BUILD = "import sys, setuptools.build_meta as b; print(b.build_wheel(sys.argv[1]))"


def test_spaces_travel_with_the_package(tmp_path: Path) -> None:
    source = tmp_path / "source"
    shutil.copytree(
        ROOT / "tatl_search", source / "tatl_search", ignore=shutil.ignore_patterns("__pycache__")
    )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    words = [sys.executable, "-c", BUILD, str(tmp_path)]
    done = subprocess.run(words, cwd=source, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    wheel = tmp_path / done.stdout.splitlines()[-1]
    files = set(zipfile.ZipFile(wheel).namelist())
    assert {f"tatl_search/spaces/{name}.yaml" for name in packaged_names()} <= files
    assert {"tatl_search/py.typed", "tatl_search/newcomer/recipe.py"} <= files


def test_the_top_level_shows_the_same_files() -> None:
    assert (ROOT / "search_spaces").resolve() == ROOT / "tatl_search" / "spaces"
