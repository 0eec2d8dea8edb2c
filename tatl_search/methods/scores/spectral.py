"""Share of the information in a group that each unit adds: the scores of spectral pruning.

Suzuki et al. 2020 (arXiv 1808.08558); between two domains Dillard, Shinya, Suzuki 2019
(arXiv 1912.11853). That groups are compared by shares of their own information, and the
discrepancy's formula, are *our reading*.
"""

import numpy as np

from tatl_search.config import SpectralSettings
from tatl_search.config.spectral import SPECTRAL, SPECTRAL_DA
from tatl_search.core.spectral import Discrepancy, greedy_ranking, ranking_scores
from tatl_search.methods.context import Context, Floats, Scores
from tatl_search.methods.method import Score
from tatl_search.methods.moments import Domains, mixed_moments, target_moments
from tatl_search.nets.groups import Group
from tatl_search.nets.readers import reading_gram


def _run(context: Context) -> Scores:
    """Score units by what they add to the kept ones on the target's images.

    Units are taken in greedily; a score is by how much its unit lowered theta L_A +
    (1 - theta) L_B, both in shares of what they are with no unit kept, made non-increasing. So
    the scores of a group rank it as greedy selection does and sum to the share it explains.
    """
    settings = SPECTRAL.of(context.settings)
    domains = target_moments(context, context.groups)
    by_group = {g.name: _scores(context, g, domains, settings) for g in context.groups}
    return Scores(by_group, domains.spent)


def _run_da(context: Context) -> Scores:
    """Score units likewise on source and target images; differing between them counts against."""
    settings = SPECTRAL_DA.of(context.settings)
    domains = mixed_moments(context, context.groups, settings.target_share)
    by_group = {
        g.name: _scores(context, g, domains, settings, domains.discrepancy(g, settings.discrepancy))
        for g in context.groups
    }
    return Scores(by_group, domains.spent)


def _scores(
    context: Context,
    group: Group,
    domains: Domains,
    settings: SpectralSettings,
    discrepancy: Discrepancy | None = None,
) -> Floats:
    sigma = domains.sigma(group)
    if not np.all(np.isfinite(sigma)):
        return np.full(group.width, np.nan)
    metric = _metric(sigma, reading_gram(context.module, domains.of(group)), settings.theta)
    ranking = greedy_ranking(sigma, settings.ridge / group.width, metric, discrepancy)
    return ranking_scores(ranking)


def _metric(sigma: Floats, gram: Floats, theta: float) -> Floats:
    """Return theta I + (1 - theta) Z^T Z, Z scaled so that L_B, too, is 1 with no unit kept.

    Where nothing is read by dense layers (Z is 0) L_A counts alone.
    """
    identity = np.eye(len(sigma))
    whole = float(np.sum(gram * sigma))
    return theta * identity + (1.0 - theta) * gram / whole if whole > 0.0 else identity


SCORE = Score("spectral", _run, section=SPECTRAL, samples=True)
DA_SCORE = Score("spectral_da", _run_da, section=SPECTRAL_DA, samples=True, uses_source=True)
