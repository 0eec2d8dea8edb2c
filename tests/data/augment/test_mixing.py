"""Mixed images against what their own labels say was mixed."""

import numpy as np
import pytest
import torch
from scipy.stats import kstest
from torch import Tensor

from tatl_search.config import AugmentSettings
from tatl_search.data.augment.mixing import mix

SIDE = 16
MIXUP, CUTMIX = AugmentSettings(mixup=0.8), AugmentSettings(cutmix=1.0)
BOTH = AugmentSettings(mixup=0.8, cutmix=1.0)


def noise(count: int) -> tuple[Tensor, Tensor]:
    """Make random images, each of a class of its own."""
    made = torch.rand(count, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    return made.contiguous(memory_format=torch.channels_last), torch.arange(count)


def mixed(settings: AugmentSettings, count: int = 40, seed: int = 0) -> tuple[Tensor, Tensor]:
    images, labels = noise(count)
    return mix(images, labels, settings, count, torch.Generator().manual_seed(seed))


def partners(shares: Tensor) -> list[tuple[float, int]]:
    """Read off the labels how much is left of each image and what else is in it."""
    found = []
    for place, row in enumerate(shares):
        own = float(row[place])
        others = row.clone()
        others[place] = 0.0
        assert int((others > 0).sum()) <= 1
        found.append((own, int(others.argmax()) if others.any() else place))
    return found


def test_mixup_blends_by_the_share_of_the_labels() -> None:
    images, _ = noise(40)
    found, shares = mixed(MIXUP)
    for place, (own, partner) in enumerate(partners(shares)):
        expected = own * images[place] + (1 - own) * images[partner]
        torch.testing.assert_close(found[place], expected, atol=1e-6, rtol=0.0)
    assert len({partner for _, partner in partners(shares)}) > 20


def test_cutmix_pastes_a_rectangle_as_large_as_the_labels_say() -> None:
    images, _ = noise(40)
    found, shares = mixed(CUTMIX)
    for place, (own, partner) in enumerate(partners(shares)):
        if partner == place:
            assert torch.equal(found[place], images[place])
            continue
        pasted = (found[place] == images[partner]).all(0).numpy()
        kept = (found[place] == images[place]).all(0).numpy()
        assert (pasted ^ kept).all()
        assert 1.0 - pasted.mean() == pytest.approx(own, abs=1e-6)
        rows, columns = np.flatnonzero(pasted.any(1)), np.flatnonzero(pasted.any(0))
        if pasted.any():
            assert pasted.sum() == (np.ptp(rows) + 1) * (np.ptp(columns) + 1)


@pytest.mark.parametrize("settings", [MIXUP, CUTMIX, BOTH])
@pytest.mark.parametrize("count", [2, 3, 40])
def test_labels_are_shares(settings: AugmentSettings, count: int) -> None:
    images, shares = mixed(settings, count)
    assert images.shape == (count, 3, SIDE, SIDE)
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert shares.shape == (count, count)
    assert shares.dtype == torch.float32
    assert (shares >= 0).all()
    torch.testing.assert_close(shares.sum(1), torch.ones(count))


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
def test_shares_follow_the_beta_distribution(alpha: float) -> None:
    _, shares = mix(
        torch.zeros(4000, 3, 1, 1),
        torch.arange(4000) % 2,
        AugmentSettings(mixup=alpha),
        2,
        torch.Generator().manual_seed(0),
    )
    # Half of the pairs are of one class; of the others the share of the image is seen.
    own = shares.gather(1, (torch.arange(4000) % 2).view(-1, 1)).squeeze(1)
    seen = own[own < 1.0].double().numpy()
    assert kstest(seen, "beta", args=(alpha, alpha)).pvalue > 0.01


def test_with_both_a_coin_decides_for_each_batch() -> None:
    images, labels = noise(6)
    generator = torch.Generator().manual_seed(0)
    pasted = 0
    for _ in range(200):
        found, _ = mix(images, labels, BOTH, 6, generator)
        # Pasted values are those of some image; blended ones are new.
        pasted += bool(torch.isin(found, images).all())
    assert 70 < pasted < 130


@pytest.mark.parametrize("settings", [MIXUP, CUTMIX, BOTH])
def test_same_seed_same_mixture(settings: AugmentSettings) -> None:
    (first, a), (again, b), (other, _) = (mixed(settings, seed=seed) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert torch.equal(a, b)
    assert not torch.equal(first, other)


def test_without_settings_nothing_is_drawn() -> None:
    images, labels = noise(4)
    generator = torch.Generator().manual_seed(0)
    before = generator.get_state()
    found, same = mix(images, labels, AugmentSettings(), 4, generator)
    assert found is images
    assert same is labels
    assert torch.equal(generator.get_state(), before)
