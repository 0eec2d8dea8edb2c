"""Second moments against plain loops over what the layers are given."""

import copy

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor, nn

from tatl_search.nets.groups import find_groups
from tatl_search.nets.moments import second_moments
from tatl_search.nets.readers import find_readers, reading_gram
from tests.nets.lively import Blocks, Chain, lively, some_images

Floats = npt.NDArray[np.float64]


def inputs_of(module: nn.Module, images: Tensor) -> dict[str, Tensor]:
    """Return what each layer is given, as a hook sees it."""
    given: dict[str, Tensor] = {}
    twin = copy.deepcopy(module).eval()
    for name, part in twin.named_modules():

        def keep(_module: nn.Module, args: tuple[Tensor, ...], name: str = name) -> None:
            given[name] = args[0].detach().clone().double()

        if isinstance(part, nn.Conv2d | nn.Linear):
            part.register_forward_pre_hook(keep)
    with torch.no_grad():
        twin(images)
    return given


def naive(value: Tensor, units: list[list[int]]) -> Floats:
    """Return the mean of phi phi^T, image by image, position by position, channel by channel."""
    rows = value.flatten(2).numpy() if value.dim() == 4 else value[..., None].numpy()
    total, count = np.zeros((len(units), len(units))), 0
    for image in rows:
        for position in range(image.shape[1]):
            for channel in range(len(units[0])):
                phi = image[[unit[channel] for unit in units], position]
                total += np.outer(phi, phi)
                count += 1
    return total / count


def moments(module: nn.Module, images: Tensor, sizes: list[int]) -> dict[tuple[str, str], Floats]:
    """Return (group, reader) -> its second moments."""
    readers = find_readers(module, find_groups(module, images.shape[-1]))
    batches = [(batch, torch.zeros(len(batch))) for batch in torch.split(images, sizes)]
    found = second_moments(module, readers, batches)
    assert found.images == len(images)
    return {
        (name, reader.module): found.by_tap[tap]
        for name, of_group in readers.by_group.items()
        for reader in of_group
        for tap in reader.taps
    }


def check(found: Floats, expected: Floats) -> None:
    assert found.dtype == np.float64
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * expected.max())


def test_a_chain_is_read_where_the_next_layer_gets_it() -> None:
    module, few = Chain().eval(), some_images(5, 8)
    given = inputs_of(module, few)
    found = moments(module, few, [2, 2, 1])
    assert list(found) == [("0", "3"), ("3", "8"), ("8", "10")]
    check(found["0", "3"], naive(given["3"], [[0], [1], [2], [3]]))
    flattened = [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]  # 2 x 2 positions of each channel
    check(found["3", "8"], naive(given["8"], flattened))
    check(found["8", "10"], naive(given["10"], [[0], [1], [2], [3], [4]]))


def test_units_of_several_channels_are_paired_block_by_block() -> None:
    module, few = Blocks().eval(), some_images(4, 8)
    given = inputs_of(module, few)
    found = moments(module, few, [4])
    check(found["first", "grouped"], naive(given["grouped"], [[0, 3], [1, 4], [2, 5]]))
    check(found["grouped", "left"], naive(given["left"], [[0, 2], [1, 3]]))
    check(found["left", "head"], naive(given["head"], [[0], [1]]))
    check(found["right", "head"], naive(given["head"], [[2], [3], [4]]))


def test_a_residual_trunk_is_read_by_each_of_its_blocks() -> None:
    module, few = lively("torchvision/resnet18"), some_images(2)
    given = inputs_of(module, few)
    found = moments(module, few, [2])
    readers = {reader for group, reader in found if group == "conv1"}
    blocks = ("layer1.0.conv1", "layer1.1.conv1", "layer2.0.conv1", "layer2.0.downsample.0")
    assert readers == set(blocks)
    trunk = [[unit] for unit in range(64)]
    for reader in readers:
        check(found["conv1", reader], naive(given[reader], trunk))


def test_densenet_is_read_after_the_normalisation_of_each_reader() -> None:
    module, few = lively("torchvision/densenet121"), some_images(2)
    given = inputs_of(module, few)
    found = moments(module, few, [2])
    block = "features.denseblock1.denselayer"
    start = 64 + 3 * 32  # after conv0's 64 channels and those of three layers
    units = [[start + unit] for unit in range(32)]
    for reader in (f"{block}5.conv1", "features.transition1.conv"):
        check(found[f"{block}4.conv2", reader], naive(given[reader], units))


def test_weights_that_read_a_unit_are_stacked_over_outputs_positions_and_channels() -> None:
    module = Chain()
    readers = find_readers(module, find_groups(module, 8)).by_group
    kernels = module.get_parameter("3.weight").detach().double().numpy()
    z = np.stack([kernels[:, unit].ravel() for unit in range(4)], axis=1)
    np.testing.assert_allclose(reading_gram(module, readers["0"]), z.T @ z)
    flattened = module.get_parameter("8.weight").detach().double().numpy()
    z = np.stack([flattened[:, 4 * unit : 4 * unit + 4].ravel() for unit in range(3)], axis=1)
    np.testing.assert_allclose(reading_gram(module, readers["3"]), z.T @ z)


def test_grouped_readers_have_no_part_in_the_stacked_weights() -> None:
    module = Blocks()
    readers = find_readers(module, find_groups(module, 8)).by_group
    assert not reading_gram(module, readers["first"]).any()


def test_modes_and_weights_stay_and_no_image_is_refused() -> None:
    module = Chain().train()
    before = copy.deepcopy(module.state_dict())
    readers = find_readers(module, find_groups(module, 8))
    second_moments(module, readers, [(some_images(2, 8), torch.zeros(2))])
    assert all(part.training for part in module.modules())
    assert all(torch.equal(before[name], now) for name, now in module.state_dict().items())
    with pytest.raises(ValueError, match="at least one image"):
        second_moments(module, readers, [])
