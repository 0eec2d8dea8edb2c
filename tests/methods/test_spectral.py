"""Spectral methods: what they change before removal, what it costs, and what they ask for."""

import copy
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn

from tatl_search.config import AdaptationConfig, DataSettings, PruneSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import Spent
from tatl_search.methods.checking import method_faults
from tatl_search.methods.context import Context
from tatl_search.methods.method import Method
from tatl_search.methods.spectral import SPECTRAL, SPECTRAL_DA
from tatl_search.nets.surgery import prune
from tests.methods.contexts import context_of
from tests.nets.lively import Blocks, lively, some_images, take

COUNT, SIZE = 12, 64
LABELS = torch.arange(COUNT) % 2


def compensated(method: Method, context: Context, plan: PrunePlan) -> tuple[nn.Module, Spent]:
    """Return a copy of a context's network without a plan's units, compensated for."""
    assert method.compensation is not None
    module = copy.deepcopy(context.module)
    spent = method.compensation.run(replace(context, module=module), plan)
    prune(module, context.groups, plan)
    return module, spent


def plainly(context: Context, plan: PrunePlan) -> nn.Module:
    module = copy.deepcopy(context.module)
    prune(module, context.groups, plan)
    return module


def with_source(context: Context, source: Tensor) -> Context:
    def images() -> Iterator[tuple[Tensor, Tensor]]:
        yield source, torch.zeros(len(source))

    return replace(context, source_images=images)


@pytest.mark.parametrize("name", ["test_efficientnet", "test_resnet", "test_byobnet"])
def test_a_round_chosen_and_compensated_changes_the_output_less_than_a_plain_one(name: str) -> None:
    images = some_images(COUNT, SIZE)
    context = context_of(lively(f"timm/{name}", SIZE), images, LABELS, rate=0.1, rate_of="filters")
    choice = SPECTRAL.choose(context, SPECTRAL.score.run(context))
    with torch.no_grad():
        whole = context.module(images)
        module, spent = compensated(SPECTRAL, context, choice.plan)
        change = (module(images) - whole).square().mean()
        plain = (plainly(context, choice.plan)(images) - whole).square().mean()
    assert spent == Spent(images_forward=COUNT)
    assert choice.plan.units_pruned > 10
    assert change < 0.8 * plain


def test_groups_that_stay_whole_and_grouped_readers_are_left_as_they_are() -> None:
    context = context_of(Blocks().eval(), some_images(COUNT, 8), LABELS)
    first, grouped, *_ = context.groups
    before = context.module.state_dict()
    module, _ = compensated(SPECTRAL, context, take(first, 1))
    assert torch.equal(module.get_parameter("left.weight"), before["left.weight"])
    assert module.get_parameter("grouped.weight").shape[1] == 2
    assert torch.equal(module.get_parameter("grouped.weight"), before["grouped.weight"][:, [0, 2]])
    module, _ = compensated(SPECTRAL, context, take(grouped, 1))
    assert not torch.equal(module.get_parameter("left.weight"), before["left.weight"][:, [0, 2]])
    assert torch.equal(module.get_parameter("head.weight"), before["head.weight"])


def test_between_domains_reconstruction_serves_the_one_that_its_share_says() -> None:
    """A 1 x 1 reader, so that its change is what reconstruction makes least."""
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 5, 1), nn.ReLU(), nn.Conv2d(5, 2, 1), nn.Flatten())
    module.append(nn.Linear(2 * 64, 2))
    target, source = some_images(COUNT, 8), some_images(COUNT, 8).flip(1) * 3 + 1

    def change(share: float, images: Tensor) -> float:
        """Return the change of what the second layer makes of the first."""
        settings = {"target_share": share, "ridge": 1e-6}
        context = context_of(module, target, LABELS, spectral_da=settings)
        plan = take(context.groups[0], 0, 1)
        smaller, spent = compensated(SPECTRAL_DA, with_source(context, source), plan)
        assert spent == Spent(images_forward=2 * COUNT)
        assert isinstance(smaller, nn.Sequential)
        with torch.no_grad():
            return float((smaller[:3](images) - module[:3](images)).square().mean())

    assert change(1.0, target) < change(0.0, target)
    assert change(0.0, source) < change(1.0, source)


def test_between_domains_a_source_is_asked_for() -> None:
    given = AdaptationConfig(prune=PruneSettings(method="spectral_da"))
    assert SPECTRAL_DA.uses_source
    assert not SPECTRAL.uses_source
    ((_, fault),) = method_faults(given)
    assert "no section 'source'" in fault
    assert not list(method_faults(given.model_copy(update={"source": DataSettings()})))
