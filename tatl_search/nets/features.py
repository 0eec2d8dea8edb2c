"""What a network's head reads of an image: its features."""

from torch import Tensor, nn

from tatl_search.nets.head import classifier_name


def features(module: nn.Module, images: Tensor) -> Tensor:
    """Run a network, in the mode it is in, and return what its head was given.

    Args:
        module: a network of the zoo.
        images: (B, 3, H, W) on its device.

    Returns:
        (B, F), averaged over positions where the head is a convolution.
    """
    given: list[Tensor] = []
    head = module.get_submodule(classifier_name(module))
    hook = head.register_forward_pre_hook(lambda _, inputs: given.append(inputs[0]))
    try:
        module(images)
    finally:
        hook.remove()
    (read,) = given
    return read.flatten(2).mean(2) if read.dim() > 2 else read


def feature_count(module: nn.Module) -> int:
    """Return F of `features`."""
    head = module.get_submodule(classifier_name(module))
    count = head.in_channels if isinstance(head, nn.Conv2d) else head.in_features
    assert isinstance(count, int)
    return count
