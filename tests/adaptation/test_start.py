"""Adaptations that begin with a cut of the pre-trained network, and cuts that lead to a target."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.loop import adapt
from tatl_search.config import AdaptationConfig
from tatl_search.core.cuts import rate_of_round
from tatl_search.core.stopping import Progress
from tatl_search.errors import InfeasibleError
from tatl_search.methods.checking import method_faults
from tatl_search.nets.head import classifier_name
from tatl_search.nets.latency import measure
from tatl_search.nets.structure import load_network
from tatl_search.records import StopReason
from tests.adaptation.benches import TRAINING_IMAGES, bench, config


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


def pretrained(**sections: Any) -> AdaptationConfig:
    plain = config(
        **{
            "prune": {"method": "activation", "rounds": 2, "min_filters": 1},
            "stop": {"max_rounds": 8, "target_macs_share": 0.25},
            **sections,
        }
    )
    return AdaptationConfig.model_validate({**plain.model_dump(), "start": "pretrained"})


def head_of(module: nn.Module) -> nn.Linear:
    head = module.get_submodule(classifier_name(module))
    assert isinstance(head, nn.Linear)
    return head


def run(store: Path, settings: AdaptationConfig, owner: str = "first") -> list[Candidate]:
    return list(adapt(bench(store, settings, owner)))


def test_the_first_cut_is_made_before_anything_is_trained(tmp_path: Path) -> None:
    """The only images through backward are those after cuts; statistics saw untrained weights."""
    settings = pretrained()
    found = run(tmp_path, settings)
    work = bench(tmp_path, settings)
    assert [c.round for c in found] == [1, 2]
    assert [c.stage.metrics.images_trained for c in found] == [TRAINING_IMAGES] * 2
    assert found[-1].stop_reason in (StopReason.TARGET_MACS, StopReason.MAX_ROUNDS)
    built = work.pretrained().metrics
    assert (built.images_trained, built.val_images, built.accuracy != built.accuracy) == (0, 0, 1)
    assert built.macs > found[0].stage.metrics.macs > found[1].stage.metrics.macs
    # The first fine-tuning was not asked for.
    assert work.store.get(work.root_key) is None


def test_the_head_is_drawn_after_the_first_cut(tmp_path: Path) -> None:
    """A training rate of next to nothing leaves the head as it was drawn: of its own width."""
    settings = pretrained(retrain={"learning_rate": 1e-12})
    found = run(tmp_path, settings)
    module = load_network(found[0].stage.folder)[0].module
    head = head_of(module)
    work = bench(tmp_path, settings)
    whole = work.network_of(work.root()).module
    before = head_of(whole)
    largest = float(head.weight.detach().abs().max())
    assert head.in_features < before.in_features
    assert before.in_features**-0.5 < largest <= head.in_features**-0.5


def test_trials_share_what_grows_from_the_pretrained_network(tmp_path: Path) -> None:
    first = run(tmp_path, pretrained(), "first")
    again = run(tmp_path, pretrained(), "second")
    assert [c.stage.key for c in again] == [c.stage.key for c in first]
    assert all(c.reused for c in again)
    other = run(tmp_path, pretrained(retrain={"learning_rate_exponent": 0.25}), "third")
    assert {c.stage.key for c in other}.isdisjoint(c.stage.key for c in first)


@pytest.mark.parametrize(
    "sections",
    [
        {"data": {"augment": {"shift": 0.3}}},
        {"data": {"class_weights": "balanced"}},
        {"retrain": {"learning_rate": 0.01}},
        {"network": {"name": "timm/test_resnet"}},
    ],
)
def test_what_decides_training_is_in_the_keys(tmp_path: Path, sections: dict[str, Any]) -> None:
    """Nothing of the first fine-tuning stands between these settings and the first cut."""
    first, other = run(tmp_path, pretrained()), run(tmp_path, pretrained(**sections), "other")
    assert {c.stage.key for c in other}.isdisjoint(c.stage.key for c in first)
    longer = pretrained(finetune={"epochs": 5})
    assert [c.reused for c in run(tmp_path, longer, "again")] == [True] * len(first)


def test_a_drop_and_distillation_refer_to_the_unpruned_fine_tuned_network(tmp_path: Path) -> None:
    for sections in (
        {"stop": {"max_rounds": 8, "target_macs_share": 0.25, "max_drop": 0.9}},
        {"retrain": {"distillation_weight": 0.5}},
    ):
        settings = pretrained(**sections)
        assert settings.needs_reference
        run(tmp_path, settings)
        work = bench(tmp_path, settings)
        assert work.store.get(work.root_key) is not None
    assert not pretrained().needs_reference


@pytest.mark.parametrize(("rounds", "share"), [(1, 0.01), (2, 0.05), (3, 0.3)])
def test_cuts_lie_evenly_on_the_logarithmic_axis(tmp_path: Path, rounds: int, share: float) -> None:
    """Seen on a real EfficientNet-Lite0, down to a hundredth of its MACs in one cut."""
    settings = pretrained(
        network={"name": "timm/tf_efficientnet_lite0", "weights": "embedded"},
        prune={"method": "activation", "allocation": "uniform", "rounds": rounds, "min_filters": 1},
        stop={"max_rounds": 8, "target_macs_share": share},
    )
    found = run(tmp_path, settings)
    full = bench(tmp_path, settings).root().metrics.macs
    shares = [1.0, *(c.stage.metrics.macs / full for c in found)]
    assert len(found) == rounds
    for number, (before, after) in enumerate(pairwise(shares), start=1):
        even = (share / before) ** (1 / (rounds - number + 1))
        assert 0.85 * even < after / before <= even  # a cut reaches its goal, by whole units


def test_a_cut_that_floors_do_not_allow_says_so(tmp_path: Path) -> None:
    settings = pretrained(
        prune={"method": "activation", "rounds": 1, "min_keep": 0.5},
        stop={"max_rounds": 8, "target_macs_share": 0.01},
    )
    (only,) = run(tmp_path, settings)
    assert "floors allow no more" in only.plan.notes[-1]
    with pytest.raises(InfeasibleError, match="removes nothing"):
        run(tmp_path, pretrained(prune={"method": "activation", "rounds": 1, "min_keep": 1.0}))


@pytest.mark.parametrize("criterion", ["target_latency_ms", "max_minutes"])
def test_what_is_reached_before_the_first_cut_ends_it_after_that(
    tmp_path: Path, criterion: str
) -> None:
    """Nothing was trained yet that could be kept."""
    limit = {"target_latency_ms": 1e9, "max_minutes": 1e-12}[criterion]
    settings = pretrained(stop={"max_rounds": 8, "target_macs_share": 0.01, criterion: limit})
    work = bench(tmp_path, settings)
    module = work.network_of(work.pretrained()).module
    (only,) = adapt(replace(work, latency=measure(module, 32, threads=1)))
    assert only.round == 1
    assert only.stop_reason is (
        StopReason.TARGET_LATENCY if criterion == "target_latency_ms" else StopReason.MAX_MINUTES
    )


def progress(share: float, rounds: int) -> Progress:
    return Progress(rounds, 0.5, 0.5, share, 1.0, None, 0.0, 0)


def test_a_cut_that_fell_short_is_made_up_for() -> None:
    settings = pretrained(stop={"max_rounds": 8, "target_macs_share": 0.01})
    assert rate_of_round(settings, progress(1.0, 0)) == pytest.approx(0.9)
    assert rate_of_round(settings, progress(0.2, 1)) == pytest.approx(0.95)
    assert rate_of_round(config(), progress(0.2, 1)) == 0.2


def test_small_networks_learn_at_higher_rates() -> None:
    retrain = pretrained(retrain={"learning_rate": 0.1, "learning_rate_exponent": 0.5}).retrain
    assert retrain.at_share(0.01).learning_rate == pytest.approx(1.0)
    assert retrain.at_share(1.0).learning_rate == pytest.approx(0.1)
    assert retrain.at_share(0.25).at_share(0.01).learning_rate == pytest.approx(0.2)  # only once


@pytest.mark.parametrize("method", ["taylor", "transtailor", "legr"])
def test_methods_that_go_by_the_head_need_a_trained_one(method: str) -> None:
    assert [place for place, _ in method_faults(pretrained(prune={"method": method}))] == [
        ("start",)
    ]
    assert not list(method_faults(config(prune={"method": method})))


def test_cuts_need_to_know_where_they_lead() -> None:
    for prune, stop in (
        ({"rounds": 3}, {}),
        ({"rounds": 3, "rate_of": "parameters"}, {"target_macs_share": 0.1}),
        ({"rounds": 3, "rate_of": "filters"}, {"target_macs_share": 0.1}),
    ):
        with pytest.raises(ValueError, match="where the cuts lead"):
            AdaptationConfig.model_validate({"prune": prune, "stop": stop})
    with pytest.raises(ValueError, match=r"stop\.max_rounds"):
        AdaptationConfig.model_validate({"start": "pretrained", "stop": {"max_rounds": 0}})


def test_what_is_computed_again_is_cut_as_it_was() -> None:
    """A shorter run keeps where the cuts lead; without a cut it is the reference."""
    settings = pretrained(stop={"max_rounds": 8, "target_macs_share": 0.25, "max_drop": 0.1})
    shorter = settings.after(prunings=1)
    assert (shorter.stop.target_macs_share, shorter.stop.max_drop) == (0.25, None)
    assert rate_of_round(shorter, progress(1.0, 0)) == rate_of_round(settings, progress(1.0, 0))
    unpruned = settings.after(prunings=0)
    assert (unpruned.starts_pretrained, unpruned.ending.max_rounds) == (False, 0)
