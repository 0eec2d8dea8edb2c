"""A method: a named pair of a score and an allocation, and what else its paper does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from torch import nn

from tatl_search.config import (
    AdaptationConfig,
    Normalize,
    PruneSettings,
    Section,
    Settings,
    digest_of,
)
from tatl_search.core.comparable import comparable
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import Spent
from tatl_search.methods.companions import Joint
from tatl_search.methods.context import Allocation, Choice, Context, Scores, Scoring
from tatl_search.nets.groups import Group

Named = Callable[[Settings], str]
"""What gives a section of settings a short name, by its content."""


def short_name(section: Settings) -> str:
    """Return the short name of what differs from a section's defaults."""
    return section.digest()[:16]


@dataclass(frozen=True)
class Score:
    """A way to tell what units are worth.

    Attributes:
        name: as in `prune.score`.
        run: looks at a network and its images and returns the scores.
        section: the settings that change them; null where none do. What a network scored is kept
            under the name and these.
        normalize: what makes the scores of different groups comparable, unless the settings
            say otherwise.
        samples: whether it looks at `Context.sample`, so that `prune.statistics_images`
            changes its scores.
        check: raises InputError where the network of these groups has nothing to be scored by.
        uses_source: whether it looks at `Context.source_images`.
        learns_labels: whether it goes by what the network's head says, so that the network must
            have been trained.
    """

    name: str
    run: Callable[[Context], Scores]
    section: Section[Any] | None = None
    normalize: Normalize = Normalize.NONE
    samples: bool = False
    check: Callable[[nn.Module, Sequence[Group]], None] | None = None
    uses_source: bool = False
    learns_labels: bool = False

    @property
    def sections(self) -> tuple[Section[Any], ...]:
        """The sections of the pruning settings that are its own."""
        return () if self.section is None else (self.section,)

    def label(self, settings: PruneSettings, named: Named = short_name) -> str:
        """Return a name that says everything besides the network that decides the scores."""
        return _label(self, settings, named)


@dataclass(frozen=True)
class Compensation:
    """A change of the network, before units are removed, by which their removal does less harm.

    Attributes:
        name: enters the keys of the stages it made.
        run: changes the network of a context in place, given what will be removed, and returns
            the images it took.
        section: as in `Score`.
        samples: likewise.
        uses_source: likewise.
    """

    name: str
    run: Callable[[Context, PrunePlan], Spent]
    section: Section[Any] | None = None
    samples: bool = False
    uses_source: bool = False

    def label(self, settings: PruneSettings, named: Named = short_name) -> str:
        """Return a name that says everything besides network and plan that decides the change."""
        return _label(self, settings, named)


def _label(part: Score | Compensation, settings: PruneSettings, named: Named) -> str:
    parts = [part.name]
    if part.section is not None:
        parts.append(named(part.section.of(settings)))
    elif settings.foreign:  # whether it reads them is not known
        parts.append(digest_of(settings.foreign)[:16])
    if part.samples and settings.statistics_images is not None:
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
        section: settings of its own, beside those of its parts; null for none.
        check: raises InputError where the settings lack what the method needs.
        joint: how its retraining learns source images besides; null for the target's alone.
        compensation: what is done to the network before the plan's units are removed; null for
            plain removal.
    """

    name: str
    title: str
    source: str
    score: Score
    allocation: Allocation
    needs: str = ""
    section: Section[Any] | None = None
    check: Callable[[AdaptationConfig], None] | None = None
    compensation: Compensation | None = None
    joint: Joint | None = None

    @property
    def learns_labels(self) -> bool:
        """Whether it goes by what the head of a trained network says."""
        return self.score.learns_labels or self.allocation.learns_labels

    @property
    def uses_source(self) -> bool:
        """Whether it needs images of the source task."""
        parts = (self.score, self.compensation)
        return self.joint is not None or any(part and part.uses_source for part in parts)

    @property
    def sections(self) -> tuple[Section[Any], ...]:
        """The sections of the pruning settings that are its own or its parts'."""
        repairs = self.compensation.section if self.compensation else None
        own = (self.section, self.score.section, repairs, self.allocation.section)
        return tuple(dict.fromkeys(section for section in own if section))

    def choose(self, context: Context, scores: Scores) -> Choice:
        """Return what goes in this round, scores made comparable before they are allocated."""
        how = context.settings.normalize or self.score.normalize
        scoring = Scoring(
            label=f"{self.score.label(context.settings)}-{how.value}",
            run=lambda other: _comparable(self.score.run(other), how),
        )
        by_group = _comparable(scores, how).by_group
        choice = self.allocation(replace(context, scoring=scoring), by_group)
        return Choice(choice.plan, scores.spent + choice.spent)


def _comparable(scores: Scores, how: Normalize) -> Scores:
    by_group = {name: comparable(values, how) for name, values in scores.by_group.items()}
    return Scores(by_group, scores.spent)
