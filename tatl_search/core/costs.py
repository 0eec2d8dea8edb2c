"""What a network costs as a function of the widths of its groups.

Every prunable layer's inputs and outputs are sums of group widths plus what is fixed, so MACs,
parameters and filters of any pruned network follow exactly from the widths alone, without
touching the network. `nets.cost` builds the model and proves it against the real layers.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tatl_search.config import Resource

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class CostModel:
    """Costs of L layers over the widths of G groups.

    Attributes:
        in_per_unit: (L, G) input channels of a layer that one unit of a group accounts for.
        in_fixed: (L,) input channels no group accounts for.
        out_per_unit: (L, G) output channels likewise.
        out_fixed: (L,) output channels likewise.
        macs_weight: (L,) MACs per (input channel x output channel); 0 for normalisations.
        weight_size: (L,) weights per (input channel x output channel); 0 for normalisations.
        channel_size: (L,) parameters per output channel (bias, scale and shift).
        depthwise: (L,) whether each output channel reads its own input channel only; the input
            then counts once.
        conv_groups: (L,) number of blocks of a grouped convolution, 1 for a dense one; each
            output channel reads inputs / conv_groups.
        is_convolution: (L,) whether its output channels count as filters.
        fixed_parameters: parameters that no pruning changes.
        fixed_macs: MACs that no pruning changes.
    """

    in_per_unit: Floats
    in_fixed: Floats
    out_per_unit: Floats
    out_fixed: Floats
    macs_weight: Floats
    weight_size: Floats
    channel_size: Floats
    depthwise: npt.NDArray[np.bool_]
    conv_groups: Floats
    is_convolution: npt.NDArray[np.bool_]
    fixed_parameters: int = 0
    fixed_macs: int = 0

    def _channels(self, widths: Ints) -> tuple[Floats, Floats]:
        inputs = self.in_per_unit @ widths + self.in_fixed
        outputs = self.out_per_unit @ widths + self.out_fixed
        inputs_read = np.where(self.depthwise, 1.0, inputs / self.conv_groups)
        return inputs_read, outputs

    def macs(self, widths: Ints) -> int:
        """Return the multiply-accumulates of one image for group widths of shape (G,)."""
        inputs, outputs = self._channels(widths)
        return self.fixed_macs + round(float(np.sum(self.macs_weight * inputs * outputs)))

    def parameters(self, widths: Ints) -> int:
        """Return the number of parameters for group widths of shape (G,)."""
        inputs, outputs = self._channels(widths)
        total = np.sum(self.weight_size * inputs * outputs + self.channel_size * outputs)
        return self.fixed_parameters + round(float(total))

    def filters(self, widths: Ints) -> int:
        """Return the number of convolution filters for group widths of shape (G,)."""
        _, outputs = self._channels(widths)
        return round(float(np.sum(outputs[self.is_convolution])))

    def cost(self, resource: Resource, widths: Ints) -> int:
        """Return the cost in the given resource for group widths of shape (G,)."""
        match resource:
            case Resource.MACS:
                return self.macs(widths)
            case Resource.PARAMETERS:
                return self.parameters(widths)
            case Resource.FILTERS:
                return self.filters(widths)
