"""Spectral pruning, on one domain or between two: greedy selection, then reconstruction."""

from tatl_search.config import SpectralSettings
from tatl_search.config.spectral import SPECTRAL as SECTION
from tatl_search.config.spectral import SPECTRAL_DA as DA_SECTION
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import Spent
from tatl_search.methods.allocations.priority import priority
from tatl_search.methods.context import Context
from tatl_search.methods.method import Compensation, Method
from tatl_search.methods.moments import Domains, mixed_moments, target_moments
from tatl_search.methods.scores import spectral
from tatl_search.nets.groups import Group
from tatl_search.nets.reconstruction import can_reconstruct, reconstruct


def _compensate(context: Context, plan: PrunePlan) -> Spent:
    """Let the layers that read pruned groups do with the units that stay.

    The second moments are taken again: for wide networks keeping them beside each stage would
    take more room than its weights.
    """
    groups = _pruned(context, plan)
    domains = target_moments(context, groups)
    return _reconstruct(context, plan, groups, domains, SECTION.of(context.settings))


def _compensate_da(context: Context, plan: PrunePlan) -> Spent:
    """Do likewise with the moments of source and target."""
    settings = DA_SECTION.of(context.settings)
    groups = _pruned(context, plan)
    domains = mixed_moments(context, groups, settings.target_share)
    return _reconstruct(context, plan, groups, domains, settings)


def _pruned(context: Context, plan: PrunePlan) -> list[Group]:
    pruned = plan.pruned_sets()
    return [group for group in context.groups if group.name in pruned]


def _reconstruct(
    context: Context,
    plan: PrunePlan,
    groups: list[Group],
    domains: Domains,
    settings: SpectralSettings,
) -> Spent:
    pruned = plan.pruned_sets()
    for group in groups:
        readers, gone = domains.of(group), pruned[group.name]
        if can_reconstruct(context.module, group, readers):
            kept = [unit for unit in range(group.width) if unit not in gone]
            reconstruct(context.module, readers, domains.mixed, kept, settings.ridge)
    return domains.spent


SPECTRAL = Method(
    name="spectral",
    title="Spectral Pruning: Compressing Deep Neural Networks via Spectral Analysis and its"
    " Generalization Error",
    source="Suzuki et al. 2020, arXiv 1808.08558",
    score=spectral.SCORE,
    allocation=priority,
    compensation=Compensation("spectral", _compensate, section=SECTION, samples=True),
)

SPECTRAL_DA = Method(
    name="spectral_da",
    title="Domain Adaptation Regularization for Spectral Pruning",
    source="Dillard, Shinya, Suzuki 2019, arXiv 1912.11853",
    score=spectral.DA_SCORE,
    allocation=priority,
    needs="source: images of the source task; the target's are used without their labels",
    compensation=Compensation(
        "spectral_da", _compensate_da, section=DA_SECTION, samples=True, uses_source=True
    ),
)
