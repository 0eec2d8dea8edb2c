"""A scatter of points in a terminal: Unicode's braille characters hold 2 x 4 dots each."""

from collections.abc import Iterable, Sequence

BLANK = 0x2800
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bit of each dot: four rows, two columns (The Unicode Standard, block Braille Patterns)."""

ACROSS, DOWN = 2, 4


def dots(points: Iterable[tuple[float, float]], columns: int, rows: int) -> list[str]:
    """Return points as lines of braille characters.

    Args:
        points: (x, y), each from 0 to 1, y upwards; what lies outside is left out.
        columns: characters of a line.
        rows: lines.
    """
    cells = [[BLANK] * columns for _ in range(rows)]
    for x, y in points:
        if 0.0 <= x <= 1.0 and 0.0 <= y <= 1.0:
            across = round(x * (ACROSS * columns - 1))
            down = round((1.0 - y) * (DOWN * rows - 1))
            cells[down // DOWN][across // ACROSS] |= _BITS[down % DOWN][across % ACROSS]
    return ["".join(map(chr, line)) for line in cells]


def merged(layers: Sequence[Sequence[str]]) -> list[list[tuple[str, int]]]:
    """Return layers drawn over each other: per cell its character and the uppermost layer's number.

    A cell shows the dots of all layers; the last layer with a dot in it gives it its number.

    Args:
        layers: as `dots` returns them, all of one size.
    """
    return [
        [_cell([ord(character) for character in cell]) for cell in zip(*lines, strict=True)]
        for lines in zip(*layers, strict=True)
    ]


def _cell(codes: Sequence[int]) -> tuple[str, int]:
    together, top = BLANK, 0
    for number, code in enumerate(codes):
        if code != BLANK:
            together |= code
            top = number
    return chr(together), top
