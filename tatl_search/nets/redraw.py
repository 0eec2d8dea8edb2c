"""Parameters that start at one constant, drawn anew so that every part of a network has a say."""

import math

import torch
from torch import Tensor, nn

from tatl_search.nets.layers.filters import Filters
from tatl_search.nets.layers.known import layer_of

CONSTANTS = (0.0, 1.0)
"""What scales and gates of a single number start at."""


def redraw_constants(module: nn.Module) -> None:
    """Draw anew, in place, every parameter whose values are all the same.

    Scales of normalisations, layer scales and the last layers of residual branches start at 0, 1
    or next to nothing. A branch that is multiplied by 0 hides what pruning does to it, and equal
    scales hide whether the right ones are removed. Scales become numbers around 1, shifts numbers
    around 0, and weights as large as their number of inputs asks for. torch's random numbers stay
    as they were.

    Args:
        module: the network, a copy to try things on.
    """
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if _is_constant(parameter):
                parameter.copy_(_drawn(module, name, parameter, generator))


def _is_constant(parameter: Tensor) -> bool:
    if parameter.numel() == 0 or not parameter.is_floating_point():
        return False
    least, most = (float(extreme) for extreme in parameter.aminmax())
    return least == most and (parameter.numel() > 1 or least in CONSTANTS)


def _drawn(module: nn.Module, name: str, parameter: Tensor, generator: torch.Generator) -> Tensor:
    """Return values for a parameter, by what it is."""
    shape = parameter.shape
    noise: Tensor = torch.randn(shape, generator=generator)
    if name.endswith("bias"):
        return 0.3 * noise
    owner = module.get_submodule(name.rpartition(".")[0])
    if isinstance(layer_of(owner), Filters) and name.endswith("weight"):
        return noise / math.sqrt(parameter[0].numel())
    return 0.5 + torch.rand(shape, generator=generator)
