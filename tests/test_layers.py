"""Dependencies point downwards only: what is imported, and what the linter would refuse."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "tatl_search"
LEVELS = {
    "config": -1, "core": 0, "space": 0, "remote": 0,
    "data": 1, "newcomer": 2, "nets": 3, "methods": 4,
    "adaptation": 5,
    "tracking": 6, "results": 7, "deploy": 8, "search": 9,
    "cli": 10, "api": 10,
}  # fmt: skip
"""Position of each part; tracking to search share a layer, in which this is who may use whom."""

TORCH = {"torch", "torchvision", "timm", "torch_pruning"}
OUTSIDE = {"ray", "optuna", "wandb"}
FOREIGN = {
    "config": TORCH | OUTSIDE | {"pyarrow"},
    "core": TORCH | OUTSIDE | {"pyarrow"},
    "space": TORCH | OUTSIDE | {"pyarrow"},
    "remote": TORCH | OUTSIDE,
    "data": OUTSIDE,
    "newcomer": TORCH | OUTSIDE | {"pyarrow"},
    "nets": OUTSIDE | {"pyarrow"},
    "methods": OUTSIDE | {"pyarrow"},
    "adaptation": OUTSIDE | {"pyarrow"},
    "tracking": {"ray", "optuna", "torch"},
    "results": OUTSIDE | {"torch", "torchvision", "timm"},
    "deploy": OUTSIDE,
    "search": {"wandb"},
}
"""Libraries that a folder does not import itself."""

GROUND = (
    "config", "errors", "figures", "files", "manifest", "meanwhile", "paths", "plausible",
    "printable", "records", "registry",
)  # fmt: skip
LOADED = {
    "ground": (GROUND, TORCH | OUTSIDE | {"pyarrow", "sklearn"}),
    "core": (("core",), FOREIGN["core"] | {"sklearn"}),
    "space": (("space",), FOREIGN["space"] | {"sklearn"}),
    "remote": (("remote",), TORCH | OUTSIDE | {"pyarrow", "sklearn"}),
    "data": (("data",), OUTSIDE | {"timm", "torch_pruning"}),
    "newcomer": (("newcomer",), OUTSIDE | {"timm", "torch_pruning", "sklearn"}),
    "nets": (("nets",), {"ray", "optuna", "pyarrow"}),
    "methods": (("methods",), {"ray", "optuna", "pyarrow"}),
    "adaptation": (("adaptation",), {"ray", "optuna"}),
    "tracking": (("tracking",), TORCH | {"ray", "optuna"}),
    "results": (("results",), TORCH | OUTSIDE),
    "deploy": (("deploy",), {"ray", "optuna"}),
}
"""What is imported in one process, and the libraries that must not come along.

From `nets` upwards W&B may: timm imports it where it is installed.
"""

IMPORT_ALL = """
import importlib, pkgutil, sys
for name in sys.argv[1:]:
    module = importlib.import_module(f"tatl_search.{name}")
    for found in pkgutil.walk_packages(getattr(module, "__path__", []), f"{module.__name__}."):
        importlib.import_module(found.name)
print("\\n".join(sys.modules))
"""


def loaded_by(*arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", *arguments], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def higher_than(part: str) -> set[str]:
    return {name for name, level in LEVELS.items() if level > LEVELS.get(part, -1)}


@pytest.mark.parametrize("part", LOADED)
def test_nothing_from_above_comes_along(part: str) -> None:
    names, libraries = LOADED[part]
    modules = loaded_by(IMPORT_ALL, *names)
    assert f"tatl_search.{names[0]}" in modules
    assert not modules & libraries
    above = higher_than(part)
    assert not {name for name in modules if name.startswith("tatl_search.")} & {
        f"tatl_search.{name}" for name in above
    }


def test_the_package_alone_imports_neither_torch_nor_ray() -> None:
    modules = loaded_by("import sys, tatl_search; print('\\n'.join(sys.modules))")
    assert "tatl_search" in modules
    assert not modules & (TORCH | OUTSIDE | {"pyarrow", "pydantic"})


def test_looking_and_picking_need_neither_torch_nor_ray() -> None:
    modules = loaded_by(
        "import sys, tatl_search\n"
        "tatl_search.load_sweep, tatl_search.pick, tatl_search.PickRequest\n"
        "import tatl_search.cli.app\n"
        "print('\\n'.join(sys.modules))"
    )
    assert {"tatl_search.results.store", "tatl_search.deploy.pick"} <= modules
    assert not modules & (TORCH | OUTSIDE)


def test_every_folder_has_a_level() -> None:
    folders = {entry.parent.name for entry in PACKAGE.glob("*/__init__.py")}
    assert folders | {"api"} == set(LEVELS)
    assert {entry.parent.name for entry in PACKAGE.glob("*/ruff.toml")} == folders - {"cli"}


@pytest.mark.parametrize("folder", FOREIGN)
def test_the_linter_bans_what_lies_above(folder: str) -> None:
    rules = tomllib.loads((PACKAGE / folder / "ruff.toml").read_text(encoding="utf-8"))
    assert rules["extend"] == "../../pyproject.toml"
    banned = set(rules["lint"]["flake8-tidy-imports"]["banned-api"])
    layer = {"tracking", "results", "deploy", "search"}
    above = higher_than(folder) - (layer if folder in layer else set())
    assert {f"tatl_search.{name}" for name in above} <= banned
    assert FOREIGN[folder] <= banned


def test_the_linter_says_so() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ruff", "check", "--stdin-filename", "tatl_search/core/new.py", "-"],
        input='"""A module."""\n\nimport ray\n\nfrom tatl_search.api import adapt\n',
        capture_output=True,
        text=True,
        cwd=PACKAGE.parent,
    )
    assert done.returncode == 1
    assert "ray does not belong in core/" in done.stdout
    assert "core/ lies below api.py" in done.stdout
