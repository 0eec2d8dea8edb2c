"""Spectral scores on small networks: by eye, against the arithmetic, and what they cost."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from tatl_search.config import PruneSettings
from tatl_search.core.spectral import greedy_ranking, ranking_scores
from tatl_search.core.spent import Spent
from tatl_search.errors import InputError
from tatl_search.methods.context import Context
from tatl_search.methods.scores import spectral
from tatl_search.nets.moments import second_moments
from tatl_search.nets.readers import find_readers
from tests.methods.contexts import context_of
from tests.nets.lively import Blocks, Chain, some_images

COUNT = 7
LABELS = torch.arange(COUNT) % 2


def context(module: nn.Module, **settings: object) -> Context:
    return context_of(module.eval(), some_images(COUNT, 8), LABELS, 3, **settings)


def with_source(of_target: Context, source: Tensor) -> Context:
    def images() -> Iterator[tuple[Tensor, Tensor]]:
        return zip(torch.split(source, 4), torch.split(torch.zeros(len(source)), 4), strict=True)

    return replace(of_target, source_images=images)


def chain() -> Chain:
    torch.manual_seed(0)
    return Chain()


def test_scores_are_shares_of_the_information_that_greedy_selection_adds() -> None:
    given = context(chain(), spectral={"ridge": 0.01, "theta": 0.25})
    found = spectral.SCORE.run(given)
    assert found.spent == Spent(images_forward=COUNT)
    readers = find_readers(given.module, given.groups)
    (tap,) = readers.by_group["8"][0].taps
    sigma = second_moments(given.module, readers, given.images()).by_tap[tap]
    sigma = sigma / np.trace(sigma)
    z = given.module.get_parameter("10.weight").detach().double().numpy()
    metric = 0.25 * np.eye(5) + 0.75 * z.T @ z / np.trace(z @ sigma @ z.T)
    expected = ranking_scores(greedy_ranking(sigma, 0.01 / 5, metric))
    np.testing.assert_allclose(found.by_group["8"], expected, rtol=1e-9)
    for scores in found.by_group.values():
        assert np.all(scores >= 0.0)
        assert 0.9 < np.sum(scores) < 1.0


def test_a_copy_of_a_unit_is_worth_next_to_nothing() -> None:
    module = chain()
    with torch.no_grad():
        for name in ("0.weight", "0.bias", "1.weight", "1.bias"):
            parameter = module.get_parameter(name)
            parameter[2] = parameter[1]
    scores = spectral.SCORE.run(context(module, spectral={"theta": 1.0, "ridge": 1e-6}))
    first = scores.by_group["0"]
    assert min(first[1], first[2]) < 1e-4 * first.max()
    assert np.argmin(first) in (1, 2)


def test_with_theta_0_only_what_readers_make_of_units_counts() -> None:
    module = chain()
    with torch.no_grad():
        module.get_parameter("10.weight")[:, [1, 2, 3, 4]] = 0.0
    scores = spectral.SCORE.run(context(module, spectral={"theta": 0.0}))
    assert np.argmax(scores.by_group["8"]) == 0
    assert scores.by_group["8"][0] > 0.99 * np.sum(scores.by_group["8"])


def test_a_dead_group_scores_zero_and_a_broken_one_is_not_a_number() -> None:
    module = chain()
    for name in ("1.weight", "1.bias"):
        nn.init.zeros_(module.get_parameter(name))
    scores = spectral.SCORE.run(context(module))
    assert not scores.by_group["0"].any()
    nn.init.constant_(module.get_parameter("1.weight"), float("nan"))
    scores = spectral.SCORE.run(context(module))
    assert np.isnan(scores.by_group["0"]).all()


def test_units_of_several_channels_and_grouped_readers_are_scored() -> None:
    scores = spectral.SCORE.run(context(Blocks()))
    assert {name: len(values) for name, values in scores.by_group.items()} == {
        "first": 3,
        "grouped": 2,
        "left": 2,
        "right": 3,
    }
    assert all(np.all(values > 0.0) for values in scores.by_group.values())


def test_the_targets_share_moves_the_moments_from_source_to_target() -> None:
    module, other = chain().eval(), some_images(3, 8) * 2 + 1
    as_target = context_of(module, other, LABELS[:3], batch=3)
    only = {"discrepancy": 0.0, "target_share": 0.0}
    of_source = with_source(context(module, spectral_da=only), other)
    found = spectral.DA_SCORE.run(of_source)
    assert found.spent == Spent(images_forward=COUNT + 3)
    expected = spectral.SCORE.run(as_target).by_group
    for name, scores in found.by_group.items():
        np.testing.assert_allclose(scores, expected[name], rtol=1e-6)
    only["target_share"] = 1.0
    of_target = with_source(context(module, spectral_da=only), other)
    expected = spectral.SCORE.run(context(module)).by_group
    for name, scores in spectral.DA_SCORE.run(of_target).by_group.items():
        np.testing.assert_allclose(scores, expected[name], rtol=1e-6)


def test_a_unit_that_answers_another_domain_differently_falls_behind() -> None:
    """Unit 0 of the first group answers to red, which only the source has."""
    module = nn.Sequential(nn.Conv2d(3, 3, 1, bias=False), nn.ReLU(), nn.Conv2d(3, 4, 1))
    module.extend([nn.Flatten(), nn.Linear(4 * 64, 2)])
    with torch.no_grad():
        module.get_parameter("0.weight")[..., 0, 0] = torch.diag(torch.tensor([3.0, 1.0, 0.8]))
    target = some_images(COUNT, 8)
    source = target.clone()
    target[:, 0] *= 0.05

    def first(discrepancy: float) -> list[float]:
        settings = {"theta": 1.0, "discrepancy": discrepancy}
        given = context_of(module, target, LABELS, batch=COUNT, spectral_da=settings)
        scores = spectral.DA_SCORE.run(with_source(given, source)).by_group["0"]
        return [float(score) for score in scores]

    assert np.argmax(first(0.0)) == 0
    assert np.argmin(first(30.0)) == 0


def test_no_more_images_of_the_source_are_looked_at_than_of_the_target() -> None:
    given = with_source(context(chain(), statistics_images=5), some_images(8, 8))
    assert spectral.DA_SCORE.run(given).spent == Spent(images_forward=10)


def test_without_a_source_it_is_said_what_is_missing() -> None:
    with pytest.raises(InputError, match="section 'source'"):
        spectral.DA_SCORE.run(context(chain()))


@pytest.mark.parametrize("label", [spectral.SCORE.label, spectral.DA_SCORE.label])
def test_labels_follow_the_settings(label: Callable[[PruneSettings], str]) -> None:
    given = PruneSettings()
    other = PruneSettings.model_validate({"spectral": {"theta": 1}, "spectral_da": {"theta": 1}})
    fewer = PruneSettings(statistics_images=10)
    assert len({label(given), label(other), label(fewer)}) == 3
    assert label(given) == label(PruneSettings(rate=0.1))
