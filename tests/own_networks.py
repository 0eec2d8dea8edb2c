"""Packages of networks as a user has them: in a folder, imported from the working directory."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

PAGE = Path(__file__).parents[1] / "docs/own-network.md"


def page_files() -> dict[str, str]:
    """Return the files that the page on networks of one's own shows: path -> text."""
    text = PAGE.read_text("utf-8")
    blocks = re.findall(r"```(?:python|yaml)\n# (\S+)\n(.*?)```", text, re.DOTALL)
    return {str(name): str(code) for name, code in blocks}


def page_settings() -> dict[str, Any]:
    """Return the settings of the page's sweep."""
    settings: dict[str, Any] = yaml.safe_load(page_files()["my_task.yaml"])
    return settings


def code_beside(folder: Path) -> str:
    """Write the page's package into a folder; return a PYTHONPATH that holds it too."""
    place = folder / "my_package/networks.py"
    place.parent.mkdir(parents=True)
    place.write_text(page_files()["my_package/networks.py"], encoding="utf-8")
    return ":".join(filter(None, (str(folder), os.environ.get("PYTHONPATH"))))


def work_in(folder: Path, files: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Write files into a folder and work there; what they hold is forgotten after the test."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", list(sys.path))
    forget(monkeypatch)


def forget(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let `my_package` be imported anew."""
    for module in [name for name in sys.modules if name.partition(".")[0] == "my_package"]:
        monkeypatch.delitem(sys.modules, module)
