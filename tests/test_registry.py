"""The one registry: names, near misses, and plug-ins that cannot be used."""

import cmath
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from tatl_search import config
from tatl_search.config import (
    SOURCES,
    AdaptationConfig,
    DataSettings,
    SweepSettings,
)
from tatl_search.config.naming import STORED
from tatl_search.errors import InputError
from tatl_search.figures import MACS
from tatl_search.manifest import SweepManifest
from tatl_search.registry import Registry
from tests.plugins import install_package

GROUP = "tatl_search.shapes"
SHAPES: Registry[complex] = Registry(
    "shape", "plot.shape", GROUP, "builtins:complex", {"dot": "cmath:infj", "line": 1j}
)
REGISTRIES = [thing for thing in vars(config).values() if isinstance(thing, Registry)]


def offer(folder: Path, package: str, line: str, module: str = "SHAPE = 2j") -> None:
    install_package(folder, package, {f"{package}.py": module}, f"[{GROUP}]\n{line}\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    for name in ("rings", "hoops"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return folder


def test_what_is_built_in_may_be_a_place() -> None:
    assert (SHAPES["line"], SHAPES["dot"]) == (1j, cmath.infj)


def test_a_plugin_stands_beside_what_is_built_in(site: Path) -> None:
    offer(site, "rings", "ring = rings:SHAPE")
    assert SHAPES.names == ("dot", "line", "ring")
    assert (SHAPES.builtin, SHAPES.plugins) == (("dot", "line"), ("ring",))
    assert SHAPES["ring"] == 2j
    assert SHAPES.fault_of("ring") is None
    assert SHAPES.fault_of("rong") == (
        "should be one of dot, line, ring (got 'rong'); did you mean 'ring'?"
    )


@pytest.mark.parametrize(
    ("line", "module", "said"),
    [
        (
            "ring = rings:SHAPE",
            "SHAPE = 3",
            r"plug-in 'ring' \(rings:SHAPE\) is no builtins.complex",
        ),
        ("ring = rings:NONE", "SHAPE = 3", "cannot be loaded: AttributeError: .*NONE"),
        ("ring = rings:SHAPE", "raise OSError('no')", "cannot be loaded: OSError: no"),
    ],
)
def test_what_cannot_be_used_is_named(site: Path, line: str, module: str, said: str) -> None:
    offer(site, "rings", line, module)
    with pytest.raises(InputError, match=f"^plot.shape: .*{said}"):
        SHAPES[line.partition(" ")[0]]


def test_a_name_of_what_is_built_in_is_nobody_elses(site: Path) -> None:
    offer(site, "rings", "dot = rings:SHAPE")
    fault = "the built-in shape 'dot' is offered by rings as well; uninstall that package"
    assert SHAPES.fault_of("dot") == fault


def test_a_name_that_two_packages_offer_is_nobodys(site: Path) -> None:
    offer(site, "rings", "ring = rings:SHAPE")
    offer(site, "hoops", "ring = hoops:SHAPE")
    with pytest.raises(InputError, match=r"2 packages offer a shape 'ring' \(hoops, rings\)"):
        SHAPES["ring"]


def test_an_unknown_name_is_told_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no shape 'lines'; there are dot, line; did you mean 'l"):
        SHAPES["lines"]


@pytest.mark.parametrize("registry", REGISTRIES, ids=lambda registry: registry.kind)
def test_all_that_is_built_in_is_there(registry: Registry[object]) -> None:
    assert all(registry[name] is not None for name in registry.builtin)


@pytest.mark.parametrize(
    ("model", "given", "said"),
    [
        (SweepSettings, {"sampler": "tpa"}, "did you mean 'tpe'"),
        (SweepSettings, {"early_stopping": "below"}, "did you mean 'below_front'"),
        (SweepSettings, {"recorders": ["wandd"]}, "did you mean 'wandb'"),
        (SweepSettings, {"recorders": ["wandb", "wandb"]}, "each may be named once"),
        (DataSettings, {"source": "foldr"}, "did you mean 'folder'"),
        (DataSettings, {"source": "torchvision"}, "written as torchvision/<class>"),
        (DataSettings, {"source": "folder/x"}, "written as folder"),
    ],
)
def test_a_name_is_checked_where_it_is_set(
    model: type[config.Settings], given: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        model.model_validate(given)


def test_a_switch_stands_for_the_scheduler_it_once_meant() -> None:
    found = [SweepSettings.model_validate({"early_stopping": on}) for on in (True, False)]
    assert [settings.early_stopping for settings in found] == ["below_front", "none"]


def test_every_source_says_what_it_needs() -> None:
    assert {name for name in SOURCES.builtin if not SOURCES[name].needs_path} == {"digits"}


def test_a_stored_sweep_is_read_where_its_plugins_are_not_installed(tmp_path: Path) -> None:
    """As on a laptop where its front is looked at; in a file the same names are refused."""
    foreign = {"sampler": "away", "early_stopping": "away", "recorders": ["away"]}
    manifest = SweepManifest(
        name="made",
        created_at="2026-01-01T00:00:00+00:00",
        sweep=SweepSettings(),
        space={},
        reference={MACS: 1.0},
    )
    raw = yaml.safe_load(manifest.to_yaml())
    raw["sweep"] |= foreign
    (tmp_path / "sweep.yaml").write_text(yaml.safe_dump(raw))
    assert SweepManifest.read(tmp_path).sweep.recorders == ("away",)
    sections = {
        "data": {"source": "away", "path": "x"},
        "network": {"name": "away/net"},
        "prune": {"method": "away", "score": "away", "away": {"speed": 3}},
    }
    found = AdaptationConfig.model_validate(sections, context=STORED)
    assert found.model_dump(mode="json")["prune"]["away"] == {"speed": 3}
    for model, given, faults in ((AdaptationConfig, sections, 4), (SweepSettings, foreign, 3)):
        with pytest.raises(ValidationError, match="'away'") as refused:
            model.model_validate(given)
        assert refused.value.error_count() == faults
