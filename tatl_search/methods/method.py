"""A method: a named pair of a score and an allocation, and what else its paper does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from torch import nn

from tatl_search.config import AdaptationConfig, Normalize, PruneSettings, Settings
from tatl_search.core.comparable import comparable
from tatl_search.core.plan import PrunePlan
from tatl_search.methods.context import Allocation, Choice, Context, Scores
from tatl_search.nets.groups import Group


@dataclass(frozen=True)
class Score:
    """A way to tell what units are worth.

    Attributes:
        name: as in `prune.score`.
        run: looks at a network and its images and returns the scores.
        section: the section of the pruning settings that changes them; null where none does.
            What a network scored is kept under the name and this section.
        normalize: what makes the scores of different groups comparable, unless the settings
            say otherwise.
        samples: whether it looks at `Context.sample`, so that `prune.statistics_images`
            changes its scores.
        check: raises InputError where the network of these groups has nothing to be scored by.
    """

    name: str
    run: Callable[[Context], Scores]
    section: str | None = None
    normalize: Normalize = Normalize.NONE
    samples: bool = False
    check: Callable[[nn.Module, Sequence[Group]], None] | None = None

    def label(self, settings: PruneSettings) -> str:
        """Return a name that says everything besides the network that decides the scores."""
        parts = [self.name]
        if self.section is not None:
            section: Settings = getattr(settings, self.section)
            parts.append(section.digest()[:16])
        if self.samples and settings.statistics_images is not None:
            parts.append(f"of-{settings.statistics_images}")
        return "-".join(parts)


@dataclass(frozen=True)
class Method:
    """A named way to choose filters.

    Attributes:
        name: as in `prune.method`.
        title: of the paper, for people.
        source: authors, year and where to find it.
        score: what its units are worth.
        allocation: how scores become a plan.
        needs: what has to be given besides images and network, for people; empty for nothing.
        options: model of the method's own settings in `prune.options`; null for none. Methods
            of this package have sections of their own instead.
        check: raises InputError where the settings lack what the method needs.
        compensate: changes the network, before the plan's units are removed, so that their
            removal does less harm; null for plain removal. `score.section` changes what it does.
    """

    name: str
    title: str
    source: str
    score: Score
    allocation: Allocation
    needs: str = ""
    options: type[Settings] | None = None
    check: Callable[[AdaptationConfig], None] | None = None
    compensate: Callable[[Context, PrunePlan], None] | None = None

    def choose(self, context: Context, scores: Scores) -> Choice:
        """Return what goes in this round, scores made comparable before they are allocated."""
        how = context.settings.normalize or self.score.normalize
        by_group = {name: comparable(values, how) for name, values in scores.by_group.items()}
        choice = self.allocation(context, by_group)
        return Choice(choice.plan, scores.spent + choice.spent)

    def compensation(self, settings: PruneSettings) -> str | None:
        """Return a name of all that decides what is changed before removal; null for nothing."""
        return self.score.label(settings) if self.compensate else None
