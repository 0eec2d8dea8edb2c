"""Evolution by eye, by its rules for any settings, and on losses whose lowest point is known."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from tatl_search.config import LegrSettings
from tatl_search.core.evolution import Affine, Floats, evolve, identity, mutated


@dataclass
class Watched:
    """A loss that remembers what it was asked, and can lose its mind at some calls."""

    target: Floats
    nan_at: frozenset[int] = frozenset()
    asked: list[Affine] = field(default_factory=list)

    def __call__(self, affine: Affine) -> float:
        self.asked.append(affine)
        if len(self.asked) - 1 in self.nan_at:
            return float("nan")
        return distance(affine, self.target)


def distance(affine: Affine, target: Floats) -> float:
    return float(np.square(np.log(affine.scales) - target).sum() + np.abs(affine.shifts).sum())


def differing(one: Affine, other: Affine) -> set[int]:
    apart = (one.scales != other.scales) | (one.shifts != other.shifts)
    return set(np.flatnonzero(apart).tolist())


@st.composite
def settings_drawn(draw: st.DrawFn) -> LegrSettings:
    evaluations = draw(st.integers(1, 30))
    population = draw(st.integers(1, evaluations))
    return LegrSettings(
        evaluations=evaluations,
        population=population,
        tournament=draw(st.integers(1, population)),
        mutate_share=draw(st.floats(0.01, 1.0)),
    )


@given(
    settings_drawn(),
    st.integers(1, 6),
    st.integers(0, 99),
    st.frozensets(st.integers(0, 29)),
)
def test_the_rules_hold(
    settings: LegrSettings, groups: int, seed: int, nan_at: frozenset[int]
) -> None:
    spreads = np.arange(1.0, groups + 1)
    loss = Watched(np.linspace(-1, 1, groups), nan_at)
    found = evolve(loss, spreads, settings, np.random.default_rng(seed))
    assert len(loss.asked) == len(found.losses) == settings.evaluations
    expected = [
        np.inf if at in nan_at else distance(one, loss.target) for at, one in enumerate(loss.asked)
    ]
    assert found.losses.tolist() == expected
    assert found.best is loss.asked[int(np.argmin(expected))]
    assert found.losses.min() <= found.losses[0]
    assert not differing(loss.asked[0], identity(groups))
    assert all((one.scales > 0).all() for one in loss.asked)
    for at in range(settings.population, settings.evaluations):
        living = range(at - settings.population, at)
        count = max(1, round(settings.mutate_share * groups))
        parents = [p for p in living if len(differing(loss.asked[p], loss.asked[at])) == count]
        assert parents, "each is made from one of those that live, and the oldest is dead"


@given(settings_drawn(), st.integers(0, 99))
def test_the_same_seed_finds_the_same(settings: LegrSettings, seed: int) -> None:
    found = [
        evolve(Watched(np.ones(3)), np.ones(3), settings, np.random.default_rng(seed))
        for _ in range(2)
    ]
    assert found[0].losses.tolist() == found[1].losses.tolist()
    assert not differing(found[0].best, found[1].best)


def test_a_tournament_of_all_takes_the_best() -> None:
    """With everybody drawn each new one differs from the best alive in one of ten groups."""
    settings = LegrSettings(evaluations=60, population=8, tournament=8, mutate_share=0.1)
    loss = Watched(np.zeros(10))
    losses = evolve(loss, np.ones(10), settings, np.random.default_rng(1)).losses
    for at in range(8, 60):
        best = at - 8 + int(np.argmin(losses[at - 8 : at]))
        assert len(differing(loss.asked[at], loss.asked[best])) == 1


def test_the_best_ever_seen_outlives_its_death() -> None:
    """The identity is best here and dies as the oldest; it is what is returned all the same."""
    settings = LegrSettings(evaluations=50, population=5, tournament=1)
    found = evolve(Watched(np.zeros(4)), np.ones(4), settings, np.random.default_rng(0))
    assert found.losses.argmin() == 0
    assert not differing(found.best, identity(4))


def test_evolution_finds_better_than_chance() -> None:
    """As many random draws, from the first population's distribution, do worse on each seed."""
    target = np.linspace(-1, 1, 8)
    for seed in range(5):
        settings = LegrSettings(evaluations=300, population=16, tournament=8)
        evolved = evolve(Watched(target), np.full(8, 0.1), settings, np.random.default_rng(seed))
        everywhere = settings.model_copy(update={"population": 300})
        drawn = evolve(Watched(target), np.full(8, 0.1), everywhere, np.random.default_rng(seed))
        assert evolved.losses.min() < 0.5 * drawn.losses.min()


def test_mutation_has_the_published_spread() -> None:
    """Scales by exp(N(0, s^2)), shifts by N(0, spread^2), nothing elsewhere."""
    rng, parent = np.random.default_rng(0), Affine(np.full(2, 3.0), np.full(2, 7.0))
    children = [mutated(parent, [1], 0.5, np.array([9.0, 2.0]), rng) for _ in range(4000)]
    logs = np.log([child.scales[1] / 3.0 for child in children])
    moves = np.array([child.shifts[1] - 7.0 for child in children])
    assert (logs.mean(), logs.std()) == pytest.approx((0.0, 0.5), abs=0.03)
    assert (moves.mean(), moves.std()) == pytest.approx((0.0, 2.0), abs=0.12)
    assert all(child.scales[0] == 3.0 and child.shifts[0] == 7.0 for child in children)
    assert parent.scales.tolist() == [3.0, 3.0]


def test_steps_shrink_to_a_fifth() -> None:
    """s falls as 1 - g / (1.25 G): late children are about a fifth as far from their parents."""
    settings = LegrSettings(evaluations=4000, population=1, tournament=1, mutate_share=1.0)
    loss = Watched(np.zeros(1))
    evolve(loss, np.zeros(1), settings, np.random.default_rng(0))
    jumps = np.diff(np.log([one.scales[0] for one in loss.asked]))
    assert np.std(jumps[:400]) == pytest.approx(0.96, abs=0.1)
    assert np.std(jumps[-400:]) == pytest.approx(0.24, abs=0.03)


def test_sizes_that_do_not_fit_are_refused_in_words() -> None:
    with pytest.raises(ValidationError, match="tournament <= population <= evaluations"):
        LegrSettings(evaluations=20, population=64)
    with pytest.raises(ValidationError, match=r"got 16, 8, 400"):
        LegrSettings(population=8)
