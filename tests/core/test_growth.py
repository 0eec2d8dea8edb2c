"""When a search has found nothing more."""

from tatl_search.core.growth import is_stale


def test_growth_is_counted_from_so_many_trials_back() -> None:
    areas = [0.50, 0.60, 0.60, 0.61]
    assert not is_stale(areas[:2], trials=2, growth=0.05)  # too few to say
    assert not is_stale(areas[:3], trials=2, growth=0.05)
    assert is_stale(areas, trials=2, growth=0.05)
    assert not is_stale(areas, trials=2, growth=0.01)
    assert not is_stale(areas, trials=3, growth=0.05)
    assert not is_stale([], trials=1, growth=0.05)


def test_a_front_that_is_still_empty_is_no_end() -> None:
    assert not is_stale([0.0, 0.0, 0.0], trials=2, growth=0.05)
