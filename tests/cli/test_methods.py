"""Listing methods, and methods of other packages: installed, checked, run."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

import tatl_search
from tatl_search.config import METHODS, PruneSettings
from tatl_search.core.plan import PrunePlan
from tests.cli.conftest import Tatl
from tests.plugins import install, look_in

MODULE = '''
"""Units are worth their place: the first ones go first, or the last ones."""

import numpy as np
from pydantic import Field

from tatl_search.config import Section, Settings
from tatl_search.methods.allocations.uniform import uniform
from tatl_search.methods.method import Method, Score
from tatl_search.methods.context import Scores


class Options(Settings):
    """Settings of this method.

    Attributes:
        last: whether the last ones go first.
        steepness: how much more a unit is worth than its neighbour.
    """

    last: bool = False
    steepness: float = Field(1.0, gt=0.0, le=3.0)


OPTIONS = Section("by_place", Options)


def run(context):
    options = OPTIONS.of(context.settings)
    step = -1 if options.last else 1
    return Scores(
        {
            group.name: (np.arange(group.width, dtype=float) ** options.steepness)[::step]
            for group in context.groups
        }
    )


METHOD = Method(
    name="by_place",
    title="Nothing but place",
    source="nobody 2026",
    score=Score("by_place", run, section=OPTIONS),
    allocation=uniform,
    needs="nothing at all",
)
'''


@pytest.fixture
def plugin(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Install the package `by-place` where this process and its children look."""
    folder = tmp_path_factory.mktemp("site")
    install(folder, MODULE, "by_place = by_place:METHOD")
    look_in(folder, monkeypatch)
    return folder


def settings(here: Path, prune: str) -> None:
    text = (here / "run.yaml").read_text()
    kept = "\n".join(line for line in text.splitlines() if not line.startswith(("prune", "  rate")))
    (here / "run.yaml").write_text(f"prune:\n  rate: 0.3\n{prune}\n{kept}\n")


def test_every_method_is_listed_with_paper_and_needs(tatl: Tatl) -> None:
    rows = {row["name"]: row for row in json.loads(tatl("methods", "--json").out)}
    assert tuple(rows) == METHODS.builtin
    assert all(row["title"] and row["source"] for row in rows.values())
    assert all(row["allocation"] != "its own" for row in rows.values())
    assert "finetune.sparsity" in rows["slimming"]["needs"]
    assert "source" in rows["wealthadapt"]["needs"]
    table = tatl("methods").out
    assert all(name in table for name in METHODS.builtin)


def test_one_method_shows_what_can_be_set(tatl: Tatl) -> None:
    shown = json.loads(tatl("methods", "wealthadapt", "--json").out)
    own = {setting["path"]: setting for setting in shown["own"]}
    assert set(own) == {
        f"prune.wealth.{key}" for key in ("classes", "images_per_class", "weight", "decay")
    }
    assert own["prune.wealth.decay"]["default"] == "0.7"
    assert own["prune.wealth.decay"]["meaning"].startswith("by what the weight is multiplied")
    shared = {setting["path"]: setting for setting in shown["shared"]}
    assert {"prune.rate", "prune.priority.macs"} <= set(shared)
    assert not any(path.startswith("prune.wealth") for path in shared)
    text = tatl("methods", "wealthadapt").out
    assert "doi 10.1145/3343031.3351035" in text
    assert "prune.wealth.decay" in text


@pytest.mark.parametrize("name", METHODS.builtin)
def test_every_setting_has_a_meaning(name: str, tatl: Tatl) -> None:
    shown = json.loads(tatl("methods", name, "--json").out)
    assert all(setting["meaning"] for setting in (*shown["own"], *shown["shared"]))
    defaults = {setting["path"]: setting["default"] for setting in shown["shared"]}
    assert defaults["prune.rate"] == str(PruneSettings().rate)


def test_a_method_that_is_none(tatl: Tatl) -> None:
    ended = tatl("methods", "tattle")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no method 'tattle'; there are tatl, " in ended.err


@pytest.mark.usefixtures("plugin")
class TestPlugin:
    """A method of another package."""

    def test_it_is_listed_with_its_settings(self, tatl: Tatl) -> None:
        assert json.loads(tatl("methods", "--json").out)[-1] == {
            "name": "by_place",
            "title": "Nothing but place",
            "source": "nobody 2026",
            "score": "by_place",
            "allocation": "uniform",
            "needs": "nothing at all",
        }
        own = json.loads(tatl("methods", "by_place", "--json").out)["own"]
        assert own[0] == {
            "path": "prune.by_place.last",
            "default": "false",
            "allowed": "true or false",
            "meaning": "whether the last ones go first.",
        }

    @pytest.mark.parametrize("section", ["by_place", "options"])
    def test_its_settings_may_be_searched(self, section: str, here: Path, tatl: Tatl) -> None:
        settings(
            here,
            f"  method:\n    choices:\n      tatl:\n      by_place:\n        {section}:\n"
            "          last: {choices: [true, false]}\n"
            "          steepness: {low: 0.5, high: 3.0, step: 0.5}\n",
        )
        ended = tatl("validate", "run.yaml")
        assert ended.code == 0
        assert f"prune.method=by_place.{section}.last: one of True, False" in ended.out
        assert "steepness: 0.5 to 3 in steps of 0.5" in ended.out

    @pytest.mark.parametrize(
        ("prune", "said"),
        [
            (
                "  method: by_place\n  options: {steepness: 4.0}\n",
                "run.yaml:4: prune.options.steepness: should be less than or equal to 3 (got 4.0)",
            ),
            (
                "  method: by_place\n  options:\n    lasst: true\n",
                "run.yaml:5: prune.options.lasst: unknown (allowed: last, steepness)",
            ),
            (
                "  method: by_place\n  options:\n    steepness: {low: 1, high: 9}\n",
                "run.yaml:5: prune.options.steepness: should be less than or equal to 3 (got 9",
            ),
            (
                "  method:\n    choices:\n      tatl:\n      by_place:\n        options:\n"
                "          last: 3\n",
                "run.yaml:8: prune.options.last: should be a valid boolean (got 3)",
            ),
            (
                "  method: by_place\n  by_place: {steepness: 4.0}\n",
                "run.yaml:4: prune.by_place.steepness: should be less than or equal to 3 (got 4.0)",
            ),
            (
                "  method: by_place\n  by_place:\n    lasst: true\n",
                "run.yaml:5: prune.by_place.lasst: unknown key; did you mean 'last'?",
            ),
            (
                "  method: by_place\n  by_place:\n    steepness: {low: 1, high: 9}\n",
                "run.yaml:5: prune.by_place.steepness.high: should be less than or equal to 3",
            ),
            (
                "  method:\n    choices:\n      tatl:\n      by_place:\n        by_place:\n"
                "          last: 3\n",
                "run.yaml:8: prune.method=by_place.by_place.last: should be a valid boolean",
            ),
            (
                "  by_plase: {last: true}\n",
                "run.yaml:3: prune.by_plase: unknown key; did you mean 'by_place'?",
            ),
            (
                "  by_place: {last: true}\n  method: by_place\n  options: {last: false}\n",
                "run.yaml:5: prune.options: stands beside prune.by_place, which means the same",
            ),
            (
                "  method: tatl\n  options: {last: true}\n",
                "run.yaml:4: prune.options: 'tatl' takes no options (got last)",
            ),
        ],
    )
    @pytest.mark.parametrize("verb", ["validate", "sweep"])
    def test_what_is_wrong_with_them_is_told_with_its_line(
        self, prune: str, said: str, verb: str, here: Path, tatl: Tatl
    ) -> None:
        settings(here, prune)
        ended = tatl(verb, "run.yaml", *(["--dry-run"] if verb == "sweep" else []))
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err

    @pytest.mark.parametrize("section", ["by_place", "options"])
    def test_a_run_prunes_as_it_says(self, section: str, here: Path) -> None:
        """In a process of its own, as people would: the last units of each group go."""
        settings(here, f"  method: by_place\n  {section}: {{last: true}}\n  min_filters: 1")
        call = "from tatl_search.cli import main; main()"
        small = {"network.name": "timm/test_efficientnet", "network.weights": "random"}
        words = ["adapt", "run.yaml", "--name", "run"]
        for key, value in {**small, "stop.max_rounds": 1}.items():
            words += ["--set", f"{key}={value}"]
        done = subprocess.run(
            [sys.executable, "-c", call, *words], cwd=here, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
        _, pruned = tatl_search.load_sweep(here / "sweeps/run").candidates
        plan = PrunePlan.from_json(pruned.plan)
        assert plan.units_pruned > 100
        for removal in plan.removals:
            kept = removal.width - len(removal.units)
            assert removal.units == tuple(range(kept, removal.width))


BROKEN = {
    "that cannot be imported": (
        "import nothing_of_the_kind",
        "broken:METHOD",
        "plug-in 'broken' (broken:METHOD) cannot be loaded: ModuleNotFoundError: No module named"
        " 'nothing_of_the_kind'",
    ),
    "without a method": ("METHOD = 3", "broken:METHOD", "is no tatl_search.methods.method.Method"),
    "by another name": (MODULE, "broken:METHOD", "calls itself 'by_place'; the two names"),
    "with a taken score": (
        MODULE.replace('Score("by_place"', 'Score("l1"').replace(
            'name="by_place"', 'name="broken"'
        ),
        "broken:METHOD",
        "has a score of its own called 'l1'",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_plugin_is_named(
    case: str, here: Path, tatl: Tatl, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, point, said = BROKEN[case]
    monkeypatch.syspath_prepend(str(install(here / "site", module, f"broken = {point}", "broken")))
    monkeypatch.delitem(sys.modules, "broken", raising=False)
    listed = tatl("methods", "--json")
    assert (listed.code, len(json.loads(listed.out))) == (0, len(METHODS.builtin))
    assert said in listed.err
    settings(here, "  method: broken\n")
    for words in (("methods", "broken"), ("validate", "run.yaml"), ("adapt", "run.yaml")):
        ended = tatl(*words)
        assert (ended.code, ended.out) == (2, "")
        assert said in ended.err
    assert "run.yaml:3: prune.method: plug-in 'broken'" in ended.err
    monkeypatch.delitem(sys.modules, "broken", raising=False)
