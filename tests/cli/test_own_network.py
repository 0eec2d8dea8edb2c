"""A network of the user's own that is none: a line that says so, exit code 2, nothing written."""

from pathlib import Path

import pytest

from tests.cli.conftest import Tatl
from tests.own_networks import page_files, work_in

CNN = "python/my_package.networks:small_cnn"
CASES = {
    "no module": (("name=python/my_packages.networks:build",), "there is no module 'my_packages'"),
    "no attribute": (("name=python/my_package.networks:smal_cnn",), "did you mean 'small_cnn'?"),
    "not callable": (("name=python/my_package.odd:NUMBER",), "which cannot be called"),
    "arguments": ((f"name={CNN}", "arguments={widht: 3}"), "did you mean 'width'?"),
    "no network": (("name=python/my_package.odd:words",), "not an nn.Module"),
    "it fails": (("name=python/my_package.odd:fails",), "(ValueError: no luck, odd.py:9)"),
    "no such head": ((f"name={CNN}", "head=fc"), "has no linear or convolution layer called 'fc'"),
    "another layer": ((f"name={CNN}", "head=stem.0"), "'stem.0' has 16 outputs"),
    "other outputs": (("name=python/my_package.odd:four",), "(2, 4), not one score for each of"),
    "weights": ((f"name={CNN}", "weights=none.pth"), "there is no file 'none.pth'"),
    "named weights": ((f"name={CNN}", "weights=random"), "has no 'random' ones"),
    "no callable": (("name=python/my_package.networks",), "python/<module>:<callable>"),
}  # fmt: skip
ODD = """
from torch import nn
NUMBER = 3
def words(num_classes):
    return "words"
def four():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 4))
def fails(num_classes):
    raise ValueError("no luck")
"""


@pytest.mark.parametrize("case", CASES)
def test_adapt_refuses_before_any_training(
    case: str, here: Path, tatl: Tatl, monkeypatch: pytest.MonkeyPatch
) -> None:
    work_in(here, {**page_files(), "my_package/odd.py": ODD}, monkeypatch)
    changes, said = CASES[case]
    before = [path for path in sorted(here.rglob("*")) if "__pycache__" not in path.parts]
    ended = tatl("adapt", "run.yaml", *(w for c in changes for w in ("--set", f"network.{c}")))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("tatl-search: ")
    assert said in ended.err
    after = [path for path in sorted(here.rglob("*")) if "__pycache__" not in path.parts]
    assert after == before
