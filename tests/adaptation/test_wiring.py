"""A stage's network is traced once for as long as its wiring is kept."""

from tatl_search.adaptation.wiring import KEPT, wiring_of
from tatl_search.nets.cost import layer_macs
from tatl_search.nets.groups import find_groups
from tests.nets.lively import Chain


def test_the_wiring_of_a_stage_is_that_of_its_network() -> None:
    wiring = wiring_of("a stage of its own", Chain(), 8)
    assert wiring.groups == find_groups(Chain(), 8)
    assert wiring.macs == layer_macs(Chain(), 8)


def test_a_network_is_traced_once_until_others_take_its_place() -> None:
    module = Chain()
    first = wiring_of("once", module, 8)
    for other in range(KEPT - 1):
        wiring_of(f"other {other}", module, 8)
    assert wiring_of("once", module, 8) is first
    for other in range(KEPT):
        wiring_of(f"other {other}", module, 8)
    assert wiring_of("once", module, 8) is not first
