"""Pieces of HTML; whatever is put into them is escaped."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape


def section(anchor: str, title: str, body: str) -> str:
    """Return a part of the page with its heading."""
    return f'<section id="{anchor}"><h2>{escape(title)}</h2>\n{body}</section>'


def paragraph(text: str, kind: str = "") -> str:
    """Return a paragraph; an empty text gives none."""
    return f'<p class="{kind}">{escape(text)}</p>' if text else ""


def preformatted(text: str) -> str:
    """Return text whose lines stay as they are."""
    return f"<pre>{escape(text)}</pre>"


def folded(title: str, body: str) -> str:
    """Return what is opened by who wants to see it."""
    return f"<details><summary>{escape(title)}</summary>\n{body}</details>"


def row(cells: Iterable[str], kind: str = "") -> str:
    """Return a table's row of plain text."""
    return f'<tr class="{kind}">{_cells("td", cells)}</tr>'


def table(headers: Sequence[str], rows: Iterable[str], kind: str = "") -> str:
    """Return a table of rows that `row` made."""
    head = f"<thead><tr>{_cells('th', headers)}</tr></thead>"
    body = f"<tbody>{''.join(rows)}</tbody>"
    return f'<div class="wide"><table class="{kind}">{head}{body}</table></div>'


def _cells(tag: str, cells: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)


def bars(shares: Mapping[str, float]) -> str:
    """Return shares by name as bars, their figures beside them."""
    longest = max(shares.values(), default=1.0) or 1.0
    lines = (
        f"<tr><th>{escape(name)}</th><td>{100 * share:.1f} %</td>"
        f'<td class="bar"><i style="width: {100 * share / longest:.1f}%"></i></td></tr>'
        for name, share in shares.items()
    )
    return f'<table class="bars"><tbody>{"".join(lines)}</tbody></table>'
