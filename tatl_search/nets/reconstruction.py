"""Reconstruction: the layers that read a group learn to do with the units that stay.

Suzuki et al. 2020 (arXiv 1808.08558): after the choice of the kept units J a reader's weights W
become W A_J, so that it computes from the kept units what tells its former input best.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from tatl_search.core.spectral import reconstruction
from tatl_search.nets.groups import Group
from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_at
from tatl_search.nets.layers.layer import Axis
from tatl_search.nets.readers import Reader, is_dense, unit_weights
from tatl_search.nets.taps import Tap

Floats = npt.NDArray[np.float64]


def can_reconstruct(module: nn.Module, group: Group, readers: Sequence[Reader]) -> bool:
    """Say whether every layer that reads a group can be told how to do without some units.

    They have to be linear layers or convolutions that are not grouped, each given all units as
    equally many channels. What stays must not depend on what goes: a normalisation across the
    group rules it out.
    """
    reading = [member.module for member in group.members if member.axis is Axis.IN]
    even = all(len(set(map(len, reader.indices))) == 1 for reader in readers)
    mixed = any(layer_at(module, member.module).across for member in group.members)
    return (
        sorted(reading) == sorted(reader.module for reader in readers)
        and all(is_dense(module, reader) for reader in readers)
        and even
        and not mixed
    )


def reconstruct(
    module: nn.Module,
    readers: Sequence[Reader],
    moments: Mapping[Tap, Floats],
    kept: Sequence[int],
    ridge: float,
) -> None:
    """Change the weights with which a group's readers read its kept units, in place.

    Each reader has an A_J of its own, from the moments of what it is given. The weights for
    the other units are left for surgery to remove.

    Args:
        module: the network before surgery.
        readers: those of a group for which `can_reconstruct` holds.
        moments: of every place at which they read.
        kept: the units that stay.
        ridge: lambda relative to the mean second moment of a unit at the place.
    """
    for reader in readers:
        sigma = np.mean([moments[tap] for tap in reader.taps], axis=0)
        scale = float(np.trace(sigma)) / len(sigma)
        if scale > 0.0 and np.isfinite(scale):
            _tell(module, reader, kept, reconstruction(sigma, kept, ridge * scale))


def _tell(module: nn.Module, reader: Reader, kept: Sequence[int], told: Floats) -> None:
    """Let a reader's weights for the kept units be W A_J."""
    layer = layer_at(module, reader.module)
    assert isinstance(layer, Filters)
    reading = layer.reading().detach()
    weights = unit_weights(module, reader) @ torch.from_numpy(told).to(reading.device)
    for channels, of_units in zip(reader.channels[:, list(kept)], weights, strict=True):
        new = of_units.T.reshape(len(kept), *reading.shape[1:])
        reading[torch.from_numpy(channels).to(reading.device)] = new.to(reading.dtype)
