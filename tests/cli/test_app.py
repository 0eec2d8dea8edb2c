"""The verbs and their help."""

import re

import pytest
import typer.main

from tatl_search.cli.app import app
from tatl_search.space.packaged import packaged_names
from tests.cli.conftest import Tatl

VERBS = (
    "init",
    "sweep",
    "resume",
    "status",
    "submit",
    "fetch",
    "adapt",
    "front",
    "pick",
    "verify",
    "latency",
    "judge",
    "finish",
    "report",
    "plot",
    "compare",
    "dashboard",
    "confirm",
    "validate",
    "methods",
    "settings",
    "doctor",
    "data",
    "stages",
)


def test_without_arguments_the_help_is_shown(tatl: Tatl) -> None:
    alone, asked = tatl(), tatl("--help")
    assert alone.out.strip() == asked.out.strip()
    assert asked.code == 0
    for verb in VERBS:
        assert re.search(rf"│ {verb} +[A-Z]", asked.out)
    assert "tatl-search sweep quickstart" in asked.out
    assert "tatl-search sweep ./images" in asked.out


@pytest.mark.parametrize("verb", VERBS)
def test_help_teaches_in_80_columns(verb: str, tatl: Tatl) -> None:
    ended = tatl(verb, "--help")
    lines = ended.out.splitlines()
    assert ended.code == 0
    assert max(map(len, lines)) <= 80
    assert not re.search(r"\[/?\w+\]tatl|```", ended.out)
    if verb != "doctor":
        # An example on a line of its own, ready to be copied.
        assert any(line.strip().startswith(f"tatl-search {verb} ") for line in lines)


def test_every_option_says_what_it_does() -> None:
    command = typer.main.get_command(app)
    for verb, found in command.commands.items():  # type: ignore[attr-defined]
        assert verb in VERBS
        for parameter in found.params:
            assert getattr(parameter, "help", None), f"{verb} {parameter.name}"


def test_examples_of_the_help_are_right(tatl: Tatl) -> None:
    named = r"tatl-search (?:sweep|adapt|init|validate|submit) (?!my_task)([\w/]+)(?:  | --)"
    found = {name for verb in VERBS for name in re.findall(named, tatl(verb, "--help").out)}
    assert {"quickstart", "single_run", "digits"} <= found <= set(packaged_names())


def test_an_unknown_verb(tatl: Tatl) -> None:
    ended = tatl("prune")
    assert (ended.code, ended.out) == (2, "")
    assert "No such command 'prune'" in ended.err
