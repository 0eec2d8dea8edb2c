"""Listing all settings, and the page that is made of the list."""

import json
from pathlib import Path

from tatl_search.cli.settings_table import all_settings, markdown_of
from tatl_search.config import AdaptationConfig
from tatl_search.search.variants import middle
from tatl_search.space import load_space
from tests.cli.conftest import Tatl

PAGE = Path(__file__).parents[2] / "docs/settings.md"


def test_defaults_and_limits_are_those_of_the_models(tatl: Tatl) -> None:
    rows = {row["path"]: row for row in json.loads(tatl("settings", "--json").out)}
    assert rows["prune.rate"] == {
        "path": "prune.rate",
        "default": "0.25",
        "allowed": "a number above 0 and below 1",
        "meaning": "rho, the share to remove in one round of what the current network has left.",
    }
    assert rows["data.augment.crop"]["allowed"] == "shift, resized or none"
    assert rows["sweep.gpus_per_trial"]["allowed"] == "a number or auto"
    assert rows["sweep.objectives"]["default"] == "[accuracy, macs]"
    assert rows["source"]["allowed"] == "the settings of `data` or null"
    assert rows["baselines[].image_size"]["default"] == "null"
    assert rows["sweep.budget.stale.trials"]["default"] == "required"


def test_every_setting_is_listed_once_with_a_meaning() -> None:
    every = all_settings()
    paths = [setting.path for setting in every]
    assert len(set(paths)) == len(paths)
    assert [setting.path for setting in every if not setting.meaning] == []
    assert {path.split(".")[0] for path in paths} >= set(AdaptationConfig.model_fields)


def test_a_file_of_all_defaults_is_one_without_settings(tmp_path: Path) -> None:
    """What the list says is what the loader takes."""
    (tmp_path / "empty.yaml").write_text("")
    # Null by default, of other packages' methods, not there, and 4/3, which is shown rounded.
    left = ("sweep.budget.stale", "prune.options", "baselines", "data.augment.max_aspect")
    given = [
        f"{setting.path}={setting.default}"
        for setting in all_settings()
        if not setting.path.startswith(left)
    ]
    plain = load_space(tmp_path / "empty.yaml")
    filled = load_space(tmp_path / "empty.yaml", given)
    assert filled.sweep == plain.sweep
    assert list(filled.parameters) == []
    assert middle(filled) == middle(plain)


def test_a_part_and_what_is_none(tatl: Tatl) -> None:
    shown = json.loads(tatl("settings", "baselines", "--json").out)
    assert [row["path"] for row in shown] == [
        "baselines",
        "baselines[].network",
        "baselines[].image_size",
        "baselines[].epochs",
    ]
    assert "gpu_hours" not in tatl("settings", "sweep.bounds").out
    assert "latency_ms" in tatl("settings", "sweep.bounds").out
    ended = tatl("settings", "budget")
    assert (ended.code, ended.out) == (2, "")
    assert "there is no setting 'budget'; sections are seed, start, data, source," in ended.err


def test_the_page_says_what_the_code_does() -> None:
    assert PAGE.read_text().endswith(markdown_of(all_settings()) + "\n"), (
        "write it again with `tatl-search settings --markdown`"
    )


def test_the_examples_of_the_page_are_taken(tmp_path: Path) -> None:
    _, _, rest = PAGE.read_text().partition("```yaml\n")
    example, _, _ = rest.partition("```")
    file = tmp_path / "example.yaml"
    file.write_text(
        example + "source: {source: folder, path: .}\ndata: {source: folder, path: .}\n"
    )
    names = [name for name, _ in load_space(file).parameters]
    assert names == [
        "prune.threshold",
        "prune.rate",
        "prune.method",
        "prune.method=wealthadapt.wealth.decay",
        "retrain.learning_rate",
        "retrain.batch_size",
        "retrain.optimizer",
    ]


def test_a_near_miss_is_told(tatl: Tatl) -> None:
    for given, meant in (("prun", "prune"), ("sweep.bounds.macro_f", "sweep.bounds.macro_f1")):
        ended = tatl("settings", given)
        assert ended.code == 2
        assert f"did you mean '{meant}'?" in ended.err
