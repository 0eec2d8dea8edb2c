"""Spectral pruning's arithmetic against fresh inverses, measured errors and groups seen by eye."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tatl_search.core.spectral import (
    Discrepancy,
    greedy_ranking,
    information_loss,
    ranking_scores,
    reconstruction,
)

Floats = npt.NDArray[np.float64]

SEEDS = st.integers(0, 10_000)
UNITS = st.integers(1, 9)
RIDGES = st.sampled_from([1e-4, 1e-2, 1.0])


def activations(units: int, seed: int, images: int = 40) -> Floats:
    """Return (images, units) ReLU outputs, some of them nearly told by others."""
    rng = np.random.default_rng(seed)
    mixed = rng.normal(size=(images, units)) @ rng.normal(size=(units, units))
    return np.maximum(mixed, 0.0)


def moments(phi: Floats) -> Floats:
    return phi.T @ phi / len(phi)


def metric_of(units: int, seed: int, theta: float) -> Floats:
    z = np.random.default_rng(seed + 1).normal(size=(3, units))
    return theta * np.eye(units) + (1.0 - theta) * z.T @ z


def loss_by_inverse(sigma: Floats, kept: list[int], ridge: float, metric: Floats) -> float:
    """Return the formula of the paper as it is printed."""
    inner = np.linalg.inv(sigma[np.ix_(kept, kept)] + ridge * np.eye(len(kept)))
    return float(np.trace(metric @ (sigma - sigma[:, kept] @ inner @ sigma[kept])))


def discrepancy_by_loops(source: Floats, target: Floats, kept: list[int]) -> float:
    total = 0.0
    for i in kept:
        gap = sum((source[i, j] - target[i, j]) ** 2 for j in kept)
        total += gap / sum(source[i, j] ** 2 for j in kept)
    return total


@given(units=UNITS, seed=SEEDS, ridge=RIDGES, theta=st.sampled_from([0.0, 0.3, 1.0]))
@settings(max_examples=60, deadline=None)
def test_each_step_takes_the_best_unit_and_says_the_loss_that_a_fresh_inverse_gives(
    units: int, seed: int, ridge: float, theta: float
) -> None:
    sigma, metric = moments(activations(units, seed)), metric_of(units, seed, theta)
    ranking = greedy_ranking(sigma, ridge, metric)
    assert sorted(ranking.order) == list(range(units))
    scale = float(np.trace(metric @ sigma))
    for size in range(units + 1):
        kept = ranking.order[:size].tolist()
        fresh = loss_by_inverse(sigma, kept, ridge, metric)
        assert ranking.losses[size] == pytest.approx(fresh, rel=1e-8, abs=1e-10 * scale)
        if size == units:
            break
        others = [unit for unit in range(units) if unit not in kept]
        best = min(loss_by_inverse(sigma, [*kept, unit], ridge, metric) for unit in others)
        assert ranking.losses[size + 1] <= best + 1e-10 * scale


@given(units=UNITS, seed=SEEDS, weight=st.sampled_from([0.0, 0.05, 2.0]))
@settings(max_examples=40, deadline=None)
def test_the_discrepancy_is_that_of_plain_loops_and_each_step_is_the_best(
    units: int, seed: int, weight: float
) -> None:
    source, target = moments(activations(units, seed)), moments(activations(units, seed + 1))
    source /= np.trace(source) or 1.0
    target /= np.trace(target) or 1.0
    source += 1e-6 * np.eye(units)  # nobody is silent

    def objective(kept: list[int]) -> float:
        return loss_by_inverse(target, kept, 1e-3, np.eye(units)) + (
            weight * discrepancy_by_loops(source, target, kept)
        )

    ranking = greedy_ranking(target, 1e-3, np.eye(units), Discrepancy(source, target, weight))
    for size in range(units):
        kept = ranking.order[:size].tolist()
        assert ranking.objectives[size] == pytest.approx(objective(kept), rel=1e-7, abs=1e-9)
        others = [unit for unit in range(units) if unit not in kept]
        best = min(objective([*kept, unit]) for unit in others)
        assert ranking.objectives[size + 1] <= best + 1e-7 * (1 + abs(best))


@pytest.mark.parametrize("ridge", [1e-6, 1e-2, 10.0])
def test_the_loss_is_the_error_measured_on_the_data_plus_the_ridge(ridge: float) -> None:
    phi = activations(units=8, seed=3, images=200)
    z = np.random.default_rng(0).normal(size=(5, 8))
    sigma, kept = moments(phi), [1, 4, 6]
    a = reconstruction(sigma, kept, ridge)
    error = np.stack([image - a @ image[kept] for image in phi])
    input_loss = np.mean(np.sum(error**2, axis=1)) + ridge * np.sum(a**2)
    assert information_loss(sigma, kept, ridge, np.eye(8)) == pytest.approx(input_loss, rel=1e-8)
    output_loss = np.mean(np.sum((error @ z.T) ** 2, axis=1)) + ridge * np.sum((z @ a) ** 2)
    assert information_loss(sigma, kept, ridge, z.T @ z) == pytest.approx(output_loss, rel=1e-8)


def test_a_copy_goes_in_last_and_a_silent_unit_is_worth_nothing() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 500))
    phi = np.stack([3 * first, second, 3 * first + 0.01 * second, 0 * first], axis=1)
    sigma = moments(phi)
    scores = ranking_scores(greedy_ranking(sigma / np.trace(sigma), 1e-6, np.eye(4)))
    assert scores[3] == pytest.approx(0.0, abs=1e-8)
    assert sorted([scores[0], scores[2]])[0] < 1e-4
    assert max(scores[0], scores[2]) == pytest.approx(18 / 19, abs=0.02)
    assert scores[1] == pytest.approx(1 / 19, abs=0.02)


@given(units=UNITS, seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_scores_fall_in_the_order_of_the_ranking_and_sum_to_what_is_explained(
    units: int, seed: int
) -> None:
    sigma = moments(activations(units, seed))
    sigma /= np.trace(sigma) or 1.0
    ranking = greedy_ranking(sigma, 1e-3 / units, np.eye(units))
    scores = ranking_scores(ranking)
    assert np.all(scores >= 0.0)
    if np.any(scores):
        assert np.all(np.diff(scores[ranking.order]) < 0.0)
    explained = ranking.losses[0] - ranking.losses
    assert np.sum(scores) == pytest.approx(explained[-1], rel=1e-6)
    assert np.all(np.cumsum(scores[ranking.order]) >= explained[1:] - 1e-9)


def test_a_group_that_explains_nothing_scores_zero_throughout() -> None:
    assert not ranking_scores(greedy_ranking(np.zeros((3, 3)), 1e-3, np.eye(3))).any()


def test_a_unit_that_differs_between_domains_goes_in_last_once_that_counts() -> None:
    source = np.diag([0.5, 0.3, 0.2])
    target = np.diag([0.1, 0.3, 0.2]) / 0.6
    mixed = (source + target) / 2
    assert greedy_ranking(mixed, 1e-6, np.eye(3)).order.tolist() == [1, 0, 2]
    found = greedy_ranking(mixed, 1e-6, np.eye(3), Discrepancy(source, target, 1.0))
    # (0.5 - 1/6)^2 / 0.25 = 4/9 for the first unit, (2/3)^2 = 4/9 for the others.
    assert found.objectives[-1] - found.losses[-1] == pytest.approx(12 / 9)
    louder = Discrepancy(np.diag([0.1, 0.3, 0.2]), np.diag([0.6, 0.3, 0.2]), 1.0)
    assert greedy_ranking(mixed, 1e-6, np.eye(3), louder).order.tolist() == [1, 2, 0]


def test_wide_groups_are_ranked_nearly_as_if_all_units_were_looked_at_each_time() -> None:
    """40 hidden causes behind 300 units: beyond the shortlist, choices may differ a little."""
    rng = np.random.default_rng(0)
    causes = rng.normal(size=(2000, 40)) @ rng.normal(size=(40, 300)) * rng.lognormal(size=300)
    sigma = moments(np.maximum(causes + 0.5 * rng.normal(size=causes.shape), 0.0))
    sigma /= np.trace(sigma)
    z = rng.normal(size=(20, 300))
    metric = np.eye(300) + z.T @ z / 20
    ranking, ridge = greedy_ranking(sigma, 1e-5, metric), 1e-5
    left, kept, losses = sigma.copy(), list[int](), [float(np.sum(metric * sigma))]
    for _ in range(300):  # each step looks at all units
        drops = np.einsum("ij,ij->j", left, metric @ left) / (np.diagonal(left) + ridge)
        drops[kept] = -np.inf
        kept.append(int(np.argmax(drops)))
        losses.append(losses[-1] - float(drops[kept[-1]]))
        column = left[:, kept[-1]] / np.sqrt(left[kept[-1], kept[-1]] + ridge)
        left -= np.outer(column, column)
    assert np.all(ranking.losses <= np.array(losses) + 0.005 * losses[0])
    assert ranking.losses[150] == pytest.approx(
        information_loss(sigma, ranking.order[:150], ridge, metric), rel=1e-6
    )
    for size in (75, 150, 225):
        assert len({*ranking.order[:size]} & {*kept[:size]}) >= 0.95 * size


def test_a_ridge_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="above 0"):
        greedy_ranking(np.eye(2), 0.0, np.eye(2))
    with pytest.raises(ValueError, match="above 0"):
        information_loss(np.eye(2), [0], float("nan"), np.eye(2))
