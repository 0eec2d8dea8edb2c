"""The cost model against a network one can count by hand, and against plain loops."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.config import Resource
from tatl_search.core.costs import CostModel, Ints

POSITIONS = 100

BY_HAND = CostModel(
    # Groups a (4 wide) and b (6 wide). Layers, at 100 positions each but the last:
    #   conv 3x3, image (3) -> a         bias
    #   depthwise 3x3, a -> a            no bias
    #   batch norm of a
    #   grouped 1x1 in 2 blocks, a -> b  a and b count units of two channels
    #   linear, a and b concatenated, each b channel flattened from 5 places -> 10 classes, bias
    in_per_unit=np.array([[0, 0], [1, 0], [1, 0], [2, 0], [2, 10]], dtype=np.float64),
    in_fixed=np.array([3, 0, 0, 0, 0], dtype=np.float64),
    out_per_unit=np.array([[2, 0], [2, 0], [2, 0], [0, 2], [0, 0]], dtype=np.float64),
    out_fixed=np.array([0, 0, 0, 0, 10], dtype=np.float64),
    macs_weight=np.array([9 * POSITIONS, 9 * POSITIONS, 0, POSITIONS, 1], dtype=np.float64),
    weight_size=np.array([9, 9, 0, 1, 1], dtype=np.float64),
    channel_size=np.array([1, 0, 2, 0, 1], dtype=np.float64),
    depthwise=np.array([False, True, False, False, False]),
    conv_groups=np.array([1, 8, 1, 2, 1], dtype=np.float64),
    is_convolution=np.array([True, True, False, True, False]),
    fixed_parameters=7,
    fixed_macs=1000,
)
WIDTHS = st.tuples(st.integers(1, 64), st.integers(1, 64)).map(lambda w: np.array(w, np.int64))


def by_loops(widths: Ints) -> tuple[int, int, int]:
    """Return MACs, parameters and filters, counted weight by weight as a network would be."""
    a, b = 2 * int(widths[0]), 2 * int(widths[1])
    weights = [3 * 9 * a, 9 * a, a // 2 * b, (a + 5 * b) * 10]
    macs = POSITIONS * sum(weights[:3]) + weights[3] + 1000
    parameters = sum(weights) + a + 2 * a + 10 + 7
    return macs, parameters, a + a + b


def test_costs_by_hand() -> None:
    widths = np.array([2, 3])
    assert BY_HAND.macs(widths) == 100 * (3 * 9 * 4 + 9 * 4 + 2 * 6) + 34 * 10 + 1000
    assert BY_HAND.parameters(widths) == (108 + 4) + 36 + 8 + 12 + (340 + 10) + 7
    assert BY_HAND.filters(widths) == 4 + 4 + 6


@given(WIDTHS)
def test_costs_equal_plain_counting(widths: Ints) -> None:
    found = tuple(
        BY_HAND.cost(resource, widths)
        for resource in (Resource.MACS, Resource.PARAMETERS, Resource.FILTERS)
    )
    assert found == by_loops(widths)


@given(WIDTHS, st.sampled_from([0, 1]), st.sampled_from(list(Resource)))
def test_a_unit_more_never_costs_less(widths: Ints, group: int, resource: Resource) -> None:
    wider = widths.copy()
    wider[group] += 1
    assert BY_HAND.cost(resource, wider) > BY_HAND.cost(resource, widths)


def test_sums_stay_exact_far_beyond_any_network() -> None:
    widths = np.array([2**20 + 1, 2**20 + 3])
    assert (BY_HAND.macs(widths), BY_HAND.parameters(widths)) == by_loops(widths)[:2]
