"""Second moments of a group's units as spectral pruning wants them: of one domain or of two."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tatl_search.core.spectral import Discrepancy
from tatl_search.core.spent import Spent
from tatl_search.methods.context import Context
from tatl_search.nets.groups import Group
from tatl_search.nets.moments import second_moments
from tatl_search.nets.readers import Reader, Readers, find_readers
from tatl_search.nets.taps import Tap

Floats = npt.NDArray[np.float64]
ByTap = Mapping[Tap, Floats]


@dataclass(frozen=True)
class Domains:
    """Second moments where a network's groups are read.

    Attributes:
        readers: who reads the groups.
        mixed: (1 - mu) source + mu target; the target's alone where no source is looked at.
        target: the target's.
        source: the source's; null where it is not looked at.
        spent: images it took.
    """

    readers: Readers
    mixed: ByTap
    target: ByTap
    source: ByTap | None
    spent: Spent

    def sigma(self, group: Group) -> Floats:
        """Return a group's moments, the mean over its readers, each of trace 1."""
        return self._scaled(self.mixed, group)

    def discrepancy(self, group: Group, weight: float) -> Discrepancy | None:
        """Return how source and target differ in a group, in the scale of `sigma`.

        The weight is shared out over the units, so that it counts the same in wide groups.
        """
        if self.source is None:
            return None
        source, target = self._scaled(self.source, group), self._scaled(self.target, group)
        return Discrepancy(source, target, weight / group.width)

    def _scaled(self, moments: ByTap, group: Group) -> Floats:
        mean: Floats = np.mean(
            [
                moments[tap] / _size(self.mixed[tap])
                for reader in self.readers.by_group[group.name]
                for tap in reader.taps
            ],
            axis=0,
        )
        return mean

    def of(self, group: Group) -> Sequence[Reader]:
        """Return who reads a group."""
        return self.readers.by_group[group.name]


def target_moments(context: Context, groups: Sequence[Group]) -> Domains:
    """Return the second moments of groups on the target's training images."""
    readers = find_readers(context.module, groups)
    target = second_moments(context.module, readers, context.sample())
    spent = Spent(images_forward=target.images)
    return Domains(readers, target.by_tap, target.by_tap, None, spent)


def mixed_moments(context: Context, groups: Sequence[Group], target_share: float) -> Domains:
    """Return the second moments of groups on source and target images, without their labels.

    As many images of the source are looked at as of the target, or all there are.
    """
    readers = find_readers(context.module, groups)
    target = second_moments(context.module, readers, context.sample())
    source = second_moments(context.module, readers, context.source_sample())
    mixed = {
        tap: (1.0 - target_share) * source.by_tap[tap] + target_share * of_target
        for tap, of_target in target.by_tap.items()
    }
    spent = Spent(images_forward=target.images + source.images)
    return Domains(readers, mixed, target.by_tap, source.by_tap, spent)


def _size(sigma: Floats) -> float:
    """Return a trace to divide by: 1 for moments that are all 0."""
    return float(np.trace(sigma)) or 1.0
