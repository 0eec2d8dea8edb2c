"""Fronts of several arms beside each other: volumes, who covers whom, and what seeds tell."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, permutations, product
from statistics import fmean
from typing import Any

from scipy.stats import wilcoxon

from tatl_search.core.coverage import coverage
from tatl_search.core.goals import Goals
from tatl_search.results.arms import Arm, front_in, seed_of, shared_goals
from tatl_search.results.confirmation import Spread
from tatl_search.results.judgement import judgement_of
from tatl_search.results.store import SweepResults
from tatl_search.results.work import work_of

FEWEST_PAIRS = 6
"""Below six pairs Wilcoxon's test cannot reach 5 %, whatever the figures are."""


@dataclass(frozen=True)
class SweepFigures:
    """What one sweep's front is worth, measured as all others of the comparison are.

    Attributes:
        name: of the sweep.
        seed: its own; null where the seed is searched.
        networks: on its front.
        log_area: mean of the best quality affordable over the logarithm of the common cost's
            share, from 0.01 to 1.
        area: the same over the share itself, from 0.1 to 1.
        hypervolume: from accuracy 0 and the common reference costs, each axis normalised to 1.
        best_accuracy: on validation images.
        test_log_area: the log area on images that no search saw; null where they did not judge
            the whole front.
        test_area: likewise.
        log_area_bias: the bias of selection: log area on validation minus on test images.
        area_bias: likewise.
        images_trained: through backward, baselines and shared first fine-tunings included.
        full_images: the same, each times its network's share of the MACs; null while unknown.
        wall_seconds: of the drivers, from their commands on; null where it was not noted.
    """

    name: str
    seed: int | None
    networks: int
    log_area: float
    area: float
    hypervolume: float
    best_accuracy: float
    test_log_area: float | None
    test_area: float | None
    log_area_bias: float | None
    area_bias: float | None
    images_trained: int
    full_images: float | None
    wall_seconds: float | None


SPREADS = (
    *("log_area", "area", "hypervolume", "best_accuracy"),
    *("test_log_area", "test_area", "log_area_bias", "area_bias"),
    *("images_trained", "full_images", "wall_seconds"),
)
"""Of what means and deviations over an arm's sweeps are told."""


@dataclass(frozen=True)
class ArmFigures:
    """An arm's sweeps, and their means and sample standard deviations."""

    label: str
    sweeps: tuple[SweepFigures, ...]

    @property
    def by_seed(self) -> Mapping[int, SweepFigures]:
        """The sweeps whose seed no other one of the arm has, by their seed."""
        count = Counter(figures.seed for figures in self.sweeps)
        return {f.seed: f for f in self.sweeps if f.seed is not None and count[f.seed] == 1}

    def spread(self, name: str) -> Spread | None:
        """Return mean and deviation of a figure over the sweeps; null unless all have it."""
        values = [getattr(figures, name) for figures in self.sweeps]
        return None if None in values else Spread.of(values)


@dataclass(frozen=True)
class Difference:
    """How two arms differ in one figure from the same seeds: first minus second.

    Attributes:
        spread: mean and sample standard deviation over the seeds.
        p_value: two-sided, of Wilcoxon's signed-rank test (1945, Biometrics 1:80-83); null below
            `FEWEST_PAIRS` seeds, and where no seed tells a difference.
    """

    spread: Spread
    p_value: float | None

    @classmethod
    def of(cls, differences: Sequence[float]) -> "Difference":
        """Return what the differences of several seeds tell."""
        told = len(differences) >= FEWEST_PAIRS and any(differences)
        p_value = float(wilcoxon(differences).pvalue) if told else None
        return cls(Spread.of(differences), p_value)


@dataclass(frozen=True)
class Paired:
    """How two arms differ from the same seeds.

    Attributes:
        first: label.
        second: label.
        seeds: that both arms have, each once.
        log_area: how their logarithmic areas differ: what decides.
        area: how their areas do.
        hypervolume: how their hypervolumes do.
        test_log_area: how the log areas on test images do; null unless all were judged.
    """

    first: str
    second: str
    seeds: tuple[int, ...]
    log_area: Difference
    area: Difference
    hypervolume: Difference
    test_log_area: Difference | None


@dataclass(frozen=True)
class Comparison:
    """What is said of several arms.

    Attributes:
        arms: in given order.
        goals: the objectives that all sweeps share; their reference is the common one.
        coverage: (A, B) -> share of B's front that A's equals or beats, the mean over the pairs
            of their sweeps.
        paired: arms two by two, where they share a seed.
    """

    arms: tuple[ArmFigures, ...]
    goals: Goals
    coverage: Mapping[tuple[str, str], float]
    paired: tuple[Paired, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "reference": {figure.key: cost for figure, cost in self.goals.reference.items()},
            "arms": [
                {
                    "label": arm.label,
                    **{name: _dict(arm.spread(name)) for name in SPREADS},
                    "sweeps": [asdict(figures) for figures in arm.sweeps],
                }
                for arm in self.arms
            ],
            "coverage": [
                {"covers": a, "of": b, "share": share} for (a, b), share in self.coverage.items()
            ],
            "paired": [asdict(pair) for pair in self.paired],
        }


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare the fronts of several arms.

    Raises:
        InputError: their sweeps have no quality or no cost among their objectives in common.
    """
    goals = shared_goals(arms)
    figures = tuple(
        ArmFigures(arm.label, tuple(_figures(results, goals) for results in arm.sweeps))
        for arm in arms
    )
    return Comparison(
        arms=figures,
        goals=goals,
        coverage={
            (a.label, b.label): _mean_coverage(a, b, goals) for a, b in permutations(arms, 2)
        },
        paired=tuple(pair for a, b in combinations(figures, 2) if (pair := _paired(a, b)).seeds),
    )


def _figures(results: SweepResults, goals: Goals) -> SweepFigures:
    rows, work = results.candidates, work_of(results)
    judged = judgement_of(results, goals)
    log_area, area = (None, None) if judged is None else (judged.log_area, judged.area)
    return SweepFigures(
        name=results.manifest.name,
        seed=seed_of(results),
        networks=len(front_in(rows, goals)),
        log_area=goals.log_area(rows),
        area=goals.area(rows),
        hypervolume=goals.hypervolume(rows),
        best_accuracy=max(row.accuracy for row in rows),
        test_log_area=None if log_area is None else log_area.test,
        test_area=None if area is None else area.test,
        log_area_bias=None if log_area is None else log_area.bias,
        area_bias=None if area is None else area.bias,
        images_trained=work.images_trained,
        full_images=work.full_images,
        wall_seconds=work.wall_seconds,
    )


def _mean_coverage(a: Arm, b: Arm, goals: Goals) -> float:
    fronts_of_a, fronts_of_b = (
        [goals.minimised(front_in(results.candidates, goals)) for results in arm.sweeps]
        for arm in (a, b)
    )
    return fmean(coverage(one, other) for one, other in product(fronts_of_a, fronts_of_b))


def _paired(a: ArmFigures, b: ArmFigures) -> Paired:
    seeds = tuple(sorted(a.by_seed.keys() & b.by_seed.keys()))
    pairs = [(a.by_seed[seed], b.by_seed[seed]) for seed in seeds]
    are_judged = all(one.test_log_area is not None for pair in pairs for one in pair)

    def difference(name: str) -> Difference:
        return Difference.of([getattr(own, name) - getattr(other, name) for own, other in pairs])

    return Paired(
        a.label,
        b.label,
        seeds,
        log_area=difference("log_area"),
        area=difference("area"),
        hypervolume=difference("hypervolume"),
        test_log_area=difference("test_log_area") if are_judged else None,
    )


def _dict(spread: Spread | None) -> dict[str, Any] | None:
    return None if spread is None else asdict(spread)
