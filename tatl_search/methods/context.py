"""What a method sees of an adaptation, and what it gives back."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor, nn

from tatl_search.config import PruneSettings, Section
from tatl_search.core.costs import CostModel
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING, Spent
from tatl_search.errors import InputError
from tatl_search.nets.groups import Group

Floats = npt.NDArray[np.floating[Any]]
Ints = npt.NDArray[np.int64]
SAMPLE_AT_LEAST = 256
"""Images below which statistics are not read from a share of the images only."""

Batches = Callable[[], Iterator[tuple[Tensor, Tensor]]]


@dataclass(frozen=True)
class Learnt:
    """Arrays made from a network and training images, kept so that they are paid for once.

    Attributes:
        arrays: by name.
        spent: images it took to make them.
    """

    arrays: Mapping[str, npt.NDArray[np.float64]]
    spent: Spent = NOTHING


@dataclass(frozen=True)
class Scoring:
    """How the scores that an allocation is given are made.

    Attributes:
        label: says everything besides the network that decides them.
        run: returns those of another network, made comparable likewise.
    """

    label: str
    run: Callable[["Context"], "Scores"]


@dataclass(frozen=True)
class Source:
    """The source task.

    Attributes:
        class_names: name of each label.
        fingerprint: of its images, labels and cuts: part of the name of what is learnt from them.
    """

    class_names: tuple[str, ...]
    fingerprint: str


@dataclass(frozen=True)
class Context:
    """The network of one stage and what may be looked at to choose which of its filters go.

    Attributes:
        module: the network, on its device; whoever looks at it leaves it as it was.
        groups: its groups, in network order.
        cost: costs over the widths of these groups, in this order.
        original_widths: group name -> units before any round.
        settings: how filters are chosen.
        images: makes batches of the target's training images as they are, in seeded random
            order: (B, 3, H, W) on the network's device, and labels (B,).
        image_count: number of those images.
        classes: number of classes of the target.
        seed: of this stage: all randomness of a choice comes from it.
        root: returns the context of the unpruned network that rounds grow from: fine-tuned, or
            with `start: pretrained` as it came.
        learn: returns what was learnt on the unpruned network under a name, made by the given
            function where it is missing; the name says everything that decides it.
        source_images: like `images`, of the source task; null where none is given.
        source: what the source is; null where none is given.
        pretrained: returns the network as it was before the first fine-tuning; what its head
            says means nothing. Null where nobody can build it.
        scoring: how its scores were made, for an allocation; null where nothing is scored yet.
    """

    module: nn.Module
    groups: tuple[Group, ...]
    cost: CostModel
    original_widths: Mapping[str, int]
    settings: PruneSettings
    images: Batches
    image_count: int
    classes: int
    seed: int
    root: Callable[[], "Context"]
    learn: Callable[[str, Callable[["Context"], Learnt]], Learnt]
    source_images: Batches | None = None
    source: Source | None = None
    pretrained: Callable[[], nn.Module] | None = None
    scoring: Scoring | None = None

    @property
    def sample_count(self) -> int:
        """Number of images that statistics are read from."""
        asked = self.settings.statistics_images or max(SAMPLE_AT_LEAST, self.image_count // 8)
        return min(asked, self.image_count)

    def sample(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Make batches of the images that statistics are read from: the first `sample_count`."""
        return _first(self.images(), self.sample_count)

    def source_sample(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Make batches of as many images of the source, or of all there are.

        Raises:
            InputError: no source is given.
        """
        if self.source_images is None:
            raise InputError("statistics of the source need the section 'source', which is missing")
        return _first(self.source_images(), self.sample_count)

    @property
    def widths(self) -> Ints:
        """(G,) units the groups have now."""
        return np.array([group.width for group in self.groups], dtype=np.int64)


def _first(batches: Iterator[tuple[Tensor, Tensor]], count: int) -> Iterator[tuple[Tensor, Tensor]]:
    for images, labels in batches:
        yield images[:count], labels[:count]
        count -= len(labels)
        if count <= 0:
            return


@dataclass(frozen=True)
class Scores:
    """How much each unit is worth.

    Attributes:
        by_group: group name -> (width,) numbers >= 0; higher is kept.
        spent: images it took to find out.
    """

    by_group: Mapping[str, Floats]
    spent: Spent = NOTHING


@dataclass(frozen=True)
class Choice:
    """What goes in one round.

    Attributes:
        plan: the units; without removals where no group can give up anything.
        spent: images it took to choose, scores included.
    """

    plan: PrunePlan
    spent: Spent = NOTHING


Allocate = Callable[[Context, Mapping[str, Floats]], Choice]


@dataclass(frozen=True)
class Allocation:
    """Turns scores and the round's budget into a plan.

    Attributes:
        name: as in `prune.allocation`.
        run: returns what goes so that the round's rate is reached where floors allow it, given
            the network, whose settings hold rate, floors and the like, and the scores:
            group name -> (width,) numbers >= 0; higher is kept.
        section: settings of its own; null for none.
        learns_labels: whether it goes by what the network's head says, so that the network must
            have been trained.
    """

    name: str
    run: Allocate
    section: Section[Any] | None = None
    learns_labels: bool = False

    @property
    def sections(self) -> tuple[Section[Any], ...]:
        """The sections of the pruning settings that are its own."""
        return () if self.section is None else (self.section,)

    def __call__(self, context: Context, scores: Mapping[str, Floats]) -> Choice:
        """Return what goes in one round."""
        return self.run(context, scores)
