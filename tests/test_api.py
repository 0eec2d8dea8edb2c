"""The Python API: few names, the words of the verbs, and examples that run."""

import contextlib
import doctest
from collections.abc import Iterator
from pathlib import Path

import pytest

import tatl_search
from tatl_search.errors import InputError
from tests.one_cpu import one_cpu

STORY = ("adapt", "load_sweep", "pick", "load", "finish", "sweep", "judge")
"""In this order each example builds on those before."""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory, ray_here: None) -> Iterator[dict[str, str]]:
    """Run the examples of all docstrings, one after the other; return what failed in each."""
    with contextlib.chdir(tmp_path_factory.mktemp("story")), one_cpu():
        yield {name: _run(name) for name in STORY}


def _run(name: str) -> str:
    text = getattr(tatl_search, name).__doc__
    assert text
    test = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert test.examples
    said: list[str] = []
    doctest.DocTestRunner().run(test, out=said.append)
    return "".join(said)


@pytest.mark.parametrize("name", STORY)
def test_the_example_of_the_docstring_runs(name: str, told: dict[str, str]) -> None:
    assert told[name] == ""


def test_the_names_are_few_and_those_of_the_verbs() -> None:
    assert set(tatl_search.__all__) == {*STORY, "PickRequest"}
    with pytest.raises(AttributeError, match="no attribute 'prune'"):
        tatl_search.prune  # noqa: B018


def test_examples_skip_nothing() -> None:
    for name in STORY:
        assert "doctest:" not in (getattr(tatl_search, name).__doc__ or "")


def test_distributions_are_for_sweeps(tmp_path: Path) -> None:
    space = {"prune": {"rate": {"low": 0.1, "high": 0.3}}}
    with pytest.raises(InputError, match=r"prune\.rate: a single run needs one value"):
        tatl_search.adapt(space, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_overrides_come_last(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("network: {name: timm/none}\n")
    for settings in (file, {"network": {"name": "timm/none"}}):
        with pytest.raises(InputError, match="timm has no 'nothing'"):
            tatl_search.adapt(settings, tmp_path / "run", ["network.name=timm/nothing"])
