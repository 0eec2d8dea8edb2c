"""Packages of plug-ins, installed as a user's would be."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs/plugins.md"


def install(folder: Path, module: str, points: str, name: str = "by-place") -> Path:
    """Install a package of one module with methods as pip would, into a folder of its own."""
    package = name.replace("-", "_")
    install_package(folder, name, {f"{package}.py": module}, f"[tatl_search.methods]\n{points}\n")
    return folder


def install_page(folder: Path) -> dict[str, str]:
    """Install the package that the page on plug-ins shows; return its entry points' names."""
    blocks = re.findall(r"```(python|toml)\n# (\S+)\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    modules = {name: text for kind, name, text in blocks if kind == "python"}
    (project,) = (text for kind, _, text in blocks if kind == "toml")
    groups = tomllib.loads(project)["project"]["entry-points"]
    lines = [
        line
        for group, points in groups.items()
        for line in (f"[{group}]", *(f"{name} = {place}" for name, place in points.items()))
    ]
    install_package(
        folder, "one-of-each", {"one_of_each/__init__.py": "", **modules}, "\n".join(lines)
    )
    return {group: name for group, points in groups.items() for name in points}


def install_package(folder: Path, name: str, files: Mapping[str, str], points: str) -> None:
    """Install a package of some files with the text of its entry points."""
    info = folder / f"{name.replace('-', '_')}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(points)
    for path, text in files.items():
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")


def look_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process and its children find what is installed in a folder."""
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", str(folder), prepend=":")
