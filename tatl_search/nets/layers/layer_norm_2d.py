"""Layer normalisations of maps, whose channels come second."""

from timm.layers import norm as timm_norm
from timm.layers import norm_act as timm_norm_act
from torchvision.models import convnext

from tatl_search.nets.layers.layer import LayerKind
from tatl_search.nets.layers.layer_norm import LayerNorm


class LayerNorm2d(LayerNorm):
    """A normalisation over the channels of each position of a map."""

    @property
    def dim(self) -> int:
        """The second."""
        return 1


KIND = LayerKind(
    "layer_norm_2d",
    (
        convnext.LayerNorm2d,
        timm_norm.LayerNorm2d,
        timm_norm.LayerNorm2dFp32,
        timm_norm.LayerNormExp2d,
        timm_norm_act.LayerNormAct2d,
        timm_norm_act.LayerNormAct2dFp32,
    ),
    LayerNorm2d,
)
