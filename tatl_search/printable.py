"""Text from elsewhere, made fit for a message."""

import re

LONGEST = 200

_CONTROL = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_NOT_ONE_LINE = re.compile(r"[\t\n]")


def printable(text: str) -> str:
    r"""Return a text in which nothing moves a terminal's cursor, colours or direction of writing.

    Line ends and tabulators stay. Bytes of a path that are no text are written out as well.

    Example:
        >>> printable("a\x1b[31mb")
        'a\\x1b[31mb'
    """
    return _CONTROL.sub(_escaped, text)


def one_line(text: str) -> str:
    """Return a text as part of a line: printable, without line ends, and not too long."""
    shown = _NOT_ONE_LINE.sub(_escaped, printable(text))
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}..."


def _escaped(found: re.Match[str]) -> str:
    return found.group().encode("unicode_escape").decode()
