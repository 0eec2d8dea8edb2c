"""LeGR's allocation: one global ranking, for which each group's scores were learnt to compare.

Chin, Ding, Zhang, Marculescu: "Towards Efficient Model Compression via Learned Global Ranking"
(CVPR 2020, arXiv 1904.12368). A unit ranks by alpha * score + kappa, with an alpha and a kappa of
each group that evolution learns once on the unpruned network. The paper's score is the squared
L2 norm of a unit's filters.

*Our reading* of rounds: the paper prunes the pre-trained network to each budget by itself. Here a
round removes what ranks lowest of what is left, by scores of the network as it is then, so that
alpha and kappa serve every budget and later rounds remove supersets.
"""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt

from tatl_search.config import digest_of
from tatl_search.config.legr import LEGR
from tatl_search.core.evolution import Affine, evolve
from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.legr_fitness import Fitness
from tatl_search.methods.allocations.planning import told
from tatl_search.methods.context import Allocation, Choice, Context, Floats, Learnt, Scoring

LOSSES = "losses"
GROUP = "group "


def _allocate(context: Context, scores: Mapping[str, Floats]) -> Choice:
    """Remove what the learnt ranking of the whole network has lowest, until the rate is reached.

    The ranking is learnt where it is missing, which may take many images. The plan's notes say
    what the learning came to.
    """
    assert context.scoring is not None
    scoring = context.scoring
    learnt = context.learn(_name(context, scoring), partial(learn, scoring))
    affines = {
        name.removeprefix(GROUP): values
        for name, values in learnt.arrays.items()
        if name.startswith(GROUP)
    }
    plan = global_ranking(context, ranked(scores, affines)).plan
    plan = replace(plan, notes=(*plan.notes, _note(learnt.arrays[LOSSES])))
    return Choice(plan, learnt.spent)


legr = Allocation("legr", _allocate, LEGR, learns_labels=True)


def ranked(scores: Mapping[str, Floats], affines: Mapping[str, Floats]) -> dict[str, Floats]:
    """Return alpha * score + kappa, any sign; groups that no score tells apart stay as they are.

    Args:
        scores: group name -> (width,).
        affines: group name -> (2,) alpha and kappa.
    """
    return {
        name: affines[name][0] * values + affines[name][1] if told(values) else values
        for name, values in scores.items()
    }


def learn(scoring: Scoring, root: Context) -> Learnt:
    """Learn a ranking of the unpruned network's units.

    Args:
        scoring: what is ranked.
        root: the context of the unpruned network.

    Returns:
        The alpha and kappa of each group, and the loss of every ranking that was tried.
    """
    settings = LEGR.of(root.settings)
    scores = scoring.run(root)
    names = [group.name for group in root.groups]
    spreads = [_spread(scores.by_group[name]) for name in names]
    changes = {"rate": 1.0 - settings.target_share}
    lowest = replace(root, settings=root.settings.model_copy(update=changes))
    fitness = Fitness(root)

    def loss(affine: Affine) -> float:
        own = ranked(scores.by_group, _by_group(names, affine))
        return fitness.loss(global_ranking(lowest, own).plan)

    found = evolve(loss, np.array(spreads), settings, np.random.default_rng(root.seed))
    arrays = {GROUP + name: pair for name, pair in _by_group(names, found.best).items()}
    return Learnt(arrays | {LOSSES: found.losses}, scores.spent + fitness.spent)


def _by_group(names: list[str], affine: Affine) -> dict[str, npt.NDArray[np.float64]]:
    return dict(zip(names, np.stack([affine.scales, affine.shifts], axis=1), strict=True))


def _spread(scores: Floats) -> float:
    return float(np.std(scores)) if told(scores) else 0.0


def _name(context: Context, scoring: Scoring) -> str:
    """Name all besides the unpruned network that decides its ranking."""
    settings = context.settings
    decisive = settings.model_dump(
        mode="json",
        include={"legr", "rate_of", "min_filters", "min_keep", "round_to"},
        exclude_defaults=True,
    )
    return f"legr-{scoring.label}-{digest_of(decisive)[:16]}"


def _note(losses: Floats) -> str:
    return (
        f"ranked by the best of {len(losses)} rankings tried: loss {losses.min():.4f},"
        f" {losses[0]:.4f} by the scores as they are"
    )
