"""Text from elsewhere does nothing to a terminal."""

import pytest

from tatl_search.printable import LONGEST, one_line, printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("caf\u00e9 \u732b \U0001f431", "caf\u00e9 \u732b \U0001f431"),
        ("two\nlines\t", "two\nlines\t"),
        ("\x1b[31mred\r", "\\x1b[31mred\\r"),
        ("\x9b2J", "\\x9b2J"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
    ],
)
def test_only_what_a_terminal_obeys_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_a_part_of_a_line_has_no_lines() -> None:
    assert one_line("a\nb\tc") == "a\\nb\\tc"
    assert len(one_line("x" * 1000)) == LONGEST + 3
