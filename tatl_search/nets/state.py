"""Tensors put into a network that is built as they say."""

from collections import OrderedDict
from collections.abc import Mapping

from torch import Tensor, nn


def load_state(module: nn.Module, tensors: Mapping[str, Tensor], *, strict: bool = True) -> None:
    """Load tensors that are known to fit, in place.

    A state dict says of each module in which version of torch or torchvision it was written, and
    some modules refuse one that does not (torchvision's MNASNets). Files of tensors cannot say it;
    what was made to fit this network is of its own version.
    """
    state: OrderedDict[str, Tensor] = OrderedDict(tensors)
    state._metadata = module.state_dict()._metadata  # type: ignore[attr-defined]
    module.load_state_dict(state, strict=strict)
