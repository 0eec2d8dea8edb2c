"""The report: one HTML file that opens from disk, with everything in it and no network access."""

import base64
import hashlib
import json
import os
from datetime import UTC, datetime
from functools import cache
from html import escape
from importlib.resources import files
from pathlib import Path
from uuid import uuid4

from plotly.offline import get_plotlyjs

from tatl_search.errors import StorageError
from tatl_search.results.front import front_of, within_bounds
from tatl_search.results.html import paragraph
from tatl_search.results.importance import Importance
from tatl_search.results.judgement import judgement_of
from tatl_search.results.payload import payload
from tatl_search.results.sections import (
    cost_section,
    environment_section,
    importance_section,
    settings_section,
    trials_section,
)
from tatl_search.results.store import SweepResults
from tatl_search.results.style import css_colours, hidden_below
from tatl_search.results.verdict import lacking_text, verdict, worth_text
from tatl_search.results.work import work_of

_SCRIPTS = ("data.js", "words.js", "picture.js", "card.js", "charts.js", "page.js")


def write_report(results: SweepResults, importance: Importance) -> Path:
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
            part.write_text(report_html(results, importance), encoding="utf-8")
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error}") from error
    return path


def report_html(results: SweepResults, importance: Importance) -> str:
    """Return the report as HTML; nothing in it that the records do not hold."""
    name = escape(results.manifest.name)
    plotly, script = get_plotlyjs(), "\n".join(map(_asset, _SCRIPTS))
    return "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_policy(plotly, script)}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            '<meta name="color-scheme" content="light dark">',
            f"<title>{name}</title><style>{css_colours()}{_asset('report.css')}</style></head>",
            f"<body><header><h1>{name}</h1>{_lead(results)}</header>",
            _asset("page.html"),
            importance_section(importance),
            trials_section(results),
            cost_section(results),
            settings_section(results),
            environment_section(results),
            f"<footer>{paragraph(_written())}</footer>",
            f'<script type="application/json" id="data">{_embedded(results)}</script>',
            f"<script>{plotly}</script><script>{script}</script>",
            "</body></html>",
        ]
    )


def _policy(*scripts: str) -> str:
    """Return the rules by which the browser itself refuses every load from outside.

    Only the two scripts of the report run, known by their hashes. Plotly's WebGL traces build
    functions from text of their own, which `unsafe-eval` allows.
    """
    digests = (base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts)
    known = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src {known} 'unsafe-eval'",
            "style-src 'unsafe-inline'",
            "img-src data: blob:",
            "form-action 'none'",
        )
    )


@cache
def _asset(name: str) -> str:
    return (files("tatl_search.results") / "assets" / name).read_text(encoding="utf-8")


def _embedded(results: SweepResults) -> str:
    """Return the script's data, in which no text can end the element that holds it."""
    return json.dumps(payload(results), separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )


def _written() -> str:
    return f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC by tatl-search report."


def _lead(results: SweepResults) -> str:
    """Return what the sweep is about, how far it is, its worth, and if pruning beats baselines."""
    manifest = results.manifest
    front = front_of(results)
    goals = front.goals
    qualities = " and ".join(figure.name for figure in goals.qualities)
    costs = " and ".join(figure.name for figure in goals.costs)
    launched = manifest.created_at[:16].replace("T", " ")
    told = [
        f"{qualities[0].upper()}{qualities[1:]} against {costs}, launched {launched} UTC:"
        f" {len(results.trials)} of {manifest.sweep.trials} trials ended,"
        f" {len(results.candidates)} candidates."
    ]
    if manifest.sweep.bounds.given:
        networks = front.distinct()
        kept = len(within_bounds(manifest, networks))
        told.append(f"{kept} of the front's {len(networks)} networks keep to the bounds.")
    if lacking := lacking_text(front):
        told.append(lacking)
    if hidden := hidden_below(results):
        told.append(
            f"{hidden} lie below the part of the {goals.quality.name} axis shown; a double click"
            " shows all."
        )
    judgement = judgement_of(results)
    worth = " ".join([worth_text(front), *([] if judgement is None else [str(judgement)])])
    return (
        paragraph(" ".join(told), "lead")
        + paragraph(f"{worth} {work_of(results)}.", "lead")
        + paragraph(verdict(results), "verdict")
    )
