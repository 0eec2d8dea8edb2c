import numpy as np
import torch

from tatl_search.data.augment.erasing import erase

SIDE = 64


def test_one_rectangle_an_image_is_blanked_to_the_mean() -> None:
    ones = torch.ones(300, 3, SIDE, SIDE).contiguous(memory_format=torch.channels_last)
    erased = erase(ones, 1.0, torch.Generator().manual_seed(0))
    assert erased is ones
    assert erased.is_contiguous(memory_format=torch.channels_last)
    areas = []
    for image in erased.numpy():
        blank = image[0] == 0.0
        assert ((image == 0.0) == blank).all()  # the same place in all three channels
        rows, columns = np.flatnonzero(blank.any(1)), np.flatnonzero(blank.any(0))
        height, width = np.ptp(rows) + 1, np.ptp(columns) + 1
        assert blank.sum() == height * width  # a full rectangle
        assert 0.28 < width / height < 3.6  # 0.3 to 3.3 but for whole pixels
        areas.append(blank.mean())
    assert 0.015 < min(areas) < 0.04
    assert 0.30 < max(areas) < 0.34
    assert len({image.tobytes() for image in erased.numpy()}) > 290


def test_the_share_of_the_images_is_the_probability() -> None:
    ones = torch.ones(2000, 3, 16, 16)
    erased = erase(ones, 0.25, torch.Generator().manual_seed(0))
    share = (erased == 0.0).flatten(1).any(1).double().mean()
    assert abs(share - 0.25) < 0.04


def test_at_probability_0_nothing_is_drawn() -> None:
    ones, generator = torch.ones(4, 3, 16, 16), torch.Generator().manual_seed(0)
    before = generator.get_state()
    assert erase(ones, 0.0, generator) is ones
    assert torch.equal(generator.get_state(), before)
