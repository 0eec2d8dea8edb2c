import torch
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.data.augment.draws import chances, to_device, uniform


@given(low=st.floats(-2, 2), width=st.floats(0, 3), seed=st.integers(0, 99))
def test_even_numbers_lie_between_their_ends(low: float, width: float, seed: int) -> None:
    drawn = uniform(low, low + width, (50, 2), torch.Generator().manual_seed(seed))
    assert drawn.shape == (50, 2)
    assert drawn.dtype == torch.float64
    assert low <= drawn.min() <= drawn.max() <= low + width


def test_even_numbers_are_even() -> None:
    drawn = uniform(1.0, 3.0, (20_000,), torch.Generator().manual_seed(0))
    counts = torch.histc(drawn, bins=4, min=1.0, max=3.0)
    assert ((counts - 5000).abs() < 250).all()  # four standard deviations


def test_chances_are_as_frequent_as_said() -> None:
    generator = torch.Generator().manual_seed(0)
    assert abs(chances(0.3, 10_000, generator).double().mean() - 0.3) < 0.02
    assert not chances(0.0, 1000, generator).any()
    assert chances(1.0, 1000, generator).all()


def test_a_cpus_tensor_stays_where_it_is() -> None:
    drawn = torch.arange(3)
    assert to_device(drawn, "cpu") is drawn
