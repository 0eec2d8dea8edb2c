"""Braille dots, where the eye expects them."""

from tatl_search.results.braille import dots, merged


def test_corners_and_centre() -> None:
    assert dots([(0, 0), (0, 1), (1, 0), (1, 1)], columns=2, rows=2) == ["⠁⠈", "⡀⢀"]
    assert dots([(0, 1), (1, 1), (0, 0), (1, 0)], columns=1, rows=1) == ["⣉"]
    assert dots([], columns=3, rows=1) == ["⠀⠀⠀"]


def test_what_lies_outside_is_left_out() -> None:
    assert dots([(-0.1, 0.5), (0.5, 1.1), (float("nan"), 0.0)], columns=1, rows=1) == ["⠀"]


def test_layers_share_cells_and_the_last_one_colours_them() -> None:
    assert merged([["⠁⠁⠀"], ["⠈⠀⠀"]]) == [[("⠉", 1), ("⠁", 0), ("⠀", 0)]]
