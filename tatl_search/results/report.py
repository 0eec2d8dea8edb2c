"""The report: one HTML file that opens from disk, with everything in it and no network access."""

import json
import os
from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from uuid import uuid4

from plotly.offline import get_plotlyjs

from tatl_search.errors import StorageError
from tatl_search.records import TrialRecord
from tatl_search.results.figure import front_figure
from tatl_search.results.front import front_of, main_cost
from tatl_search.results.store import SweepResults
from tatl_search.results.style import hidden_below
from tatl_search.results.table import Row, sections
from tatl_search.results.varied import flat, varied
from tatl_search.results.verdict import verdict
from tatl_search.results.words import COST_NAMES

# The browser itself then refuses every load from outside.
_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'unsafe-inline'",
        "style-src 'unsafe-inline'",
        "img-src data: blob:",
        "form-action 'none'",
    )
)

# By default a button of plotly's sends the figure to plotly's cloud.
_PLOTLY = {
    "displaylogo": False,
    "responsive": True,
    "showSendToCloud": False,
    "plotlyServerURL": "",
}

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; max-width: 1100px; margin: 2em auto;
       padding: 0 1.5em; }
h1 { font-size: 1.6em; margin-bottom: 0; } h2 { font-size: 1.2em; margin: 2em 0 0.5em; }
.lead { color: #666; margin-top: 0.2em; }
.verdict { border-left: 4px solid #0072B2; padding: 0.5em 1em; background: #f4f8fb; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.9em; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3em 0.8em; border-bottom: 1px solid #e4e4e4; text-align: right;
         white-space: nowrap; }
th { border-bottom: 2px solid #999; vertical-align: bottom; white-space: normal; }
th:first-child, td:first-child, .words td, .words th { text-align: left; }
tr.knee { background: #fdf0e8; } tr.infeasible { color: #a33; }
.words td { white-space: normal; }
tbody + tbody { border-top: 2px solid #bbb; }
pre { background: #f6f6f6; padding: 1em; overflow-x: auto; font-size: 0.85em; }
"""


def write_report(results: SweepResults) -> Path:
    """Write `report.html` into the sweep's folder, in one piece.

    Returns:
        Its path.

    Raises:
        StorageError: the folder cannot be written.
    """
    path = results.folder.root / "report.html"
    part = path.with_name(f".{path.name}.{uuid4().hex}.part")
    try:
        try:
            part.write_text(report_html(results), encoding="utf-8")
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}") from error
    return path


def report_html(results: SweepResults) -> str:
    """Return the report as HTML; nothing in it that the records do not hold."""
    name = escape(results.manifest.name)
    figure = front_figure(results).to_html(
        full_html=False,
        include_plotlyjs=False,
        div_id="front",
        config=_PLOTLY,
    )
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            f"<title>{name}</title><style>{_STYLE}</style>",
            f"<script>{get_plotlyjs()}</script></head><body>",
            f"<h1>{name}</h1>",
            f'<p class="lead">{escape(_lead(results))}</p>',
            f'<p class="verdict">{escape(verdict(results))}</p>',
            _section("Front", figure + f"<p>{escape(_below(results))}</p>"),
            _section("Networks", _front_table(results) + "<p>Shaded: the knee of the front.</p>"),
            _section("Trials", _trials_table(results)),
            _section("What it cost", _accounting(results)),
            _section("Settings", _preformatted(results.manifest.to_yaml())),
            _section("Environment", _preformatted(json.dumps(results.environment, indent=2))),
            "</body></html>",
        ]
    )


def _lead(results: SweepResults) -> str:
    manifest = results.manifest
    objectives = " against ".join(
        [
            "accuracy",
            " and ".join(COST_NAMES[o] for o in manifest.sweep.objectives if o in COST_NAMES),
        ]
    )
    return (
        f"{objectives}, launched {manifest.created_at}: {len(results.trials)} trials ended,"
        f" {len(results.candidates)} candidates"
    )


def _below(results: SweepResults) -> str:
    hidden = hidden_below(results)
    if not hidden:
        return ""
    return f"By accuracy, {hidden} candidates lie below the picture; a double click shows them."


def _section(title: str, body: str) -> str:
    return f"<h2>{escape(title)}</h2>\n{body}"


def _preformatted(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _cells(tag: str, cells: Iterable[str]) -> str:
    return "".join(f"<{tag}>{escape(cell)}</{tag}>" for cell in cells)


def _body(rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """Return a table's body from rows of (class of the row, cells)."""
    lines = (f'<tr class="{escape(kind)}">{_cells("td", cells)}</tr>' for kind, cells in rows)
    return f"<tbody>{''.join(lines)}</tbody>"


def _table(headers: Sequence[str], bodies: Iterable[str], kind: str = "") -> str:
    head = f"<thead><tr>{_cells('th', headers)}</tr></thead>"
    return f'<div class="wide"><table class="{kind}">{head}{"".join(bodies)}</table></div>'


def _front_table(results: SweepResults) -> str:
    headers = (
        "network", "validation accuracy, % (95 % interval)", "points against unpruned", "MACs",
        "share of MACs", f"times less {COST_NAMES[main_cost(results.manifest)]}", "parameters",
        "size",
    )  # fmt: skip

    def body(rows: Iterable[Row]) -> str:
        return _body(("knee" if row.is_knee else "", row[:-1]) for row in rows)

    return _table(headers, map(body, sections(results)))


def _trials_table(results: SweepResults) -> str:
    keys = varied([ending.settings for ending in results.trials])
    headers = ("trial", "ended", "why", "rounds", "attempts", "seconds", *keys)

    def row(ending: TrialRecord) -> tuple[str, tuple[str, ...]]:
        settings = flat(ending.settings)
        reason = ending.stop_reason or ending.infeasible_reason or ""
        cells = (
            str(ending.trial), ending.state.value,
            f"{reason}: {ending.detail}" if ending.detail else str(reason),
            str(ending.rounds), str(ending.attempts), f"{ending.seconds:.0f}",
            *(settings.get(key, "") for key in keys),
        )  # fmt: skip
        return ending.state.value, cells

    return _table(headers, [_body(map(row, results.trials))], kind="words")


def _accounting(results: SweepResults) -> str:
    front = front_of(results)
    reference = ", ".join(
        f"{COST_NAMES[o]} {cost:,.0f}"
        for o, cost in results.manifest.reference.items()
        if o in COST_NAMES
    )
    rows = (
        ("images trained (through backward)", f"{results.images_trained:,}"),
        ("images through forward only", f"{results.images_forward:,}"),
        ("images saved by shared stages", f"{results.images_saved:,}"),
        ("seconds of work, summed over workers", f"{results.seconds:,.0f}"),
        ("hypervolume, normalised", f"{front.hypervolume:.4f}"),
        ("its reference point", f"accuracy 0, {reference}"),
        ("mean accuracy over MACs shares 0.1 to 1", f"{front.area:.4f}"),
    )
    return _table(("figure", "value"), [_body(("", row) for row in rows)])
