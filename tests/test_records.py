"""The documented schema is the one that is written."""

import re
from pathlib import Path

import pyarrow as pa
import pytest

from tatl_search.errors import InfeasibleReason
from tatl_search.figures import FIGURES, Figure
from tatl_search.records import (
    CandidateRecord,
    JudgedRecord,
    Kind,
    LatencyRecord,
    Runtime,
    StopReason,
    TrialRecord,
    TrialState,
)
from tatl_search.tracking.schema import schema_of

PAGE = (Path(__file__).parents[1] / "docs/records.md").read_text(encoding="utf-8")


def table(folder: str) -> list[list[str]]:
    """Return the cells of the table that follows the heading of a folder."""
    _, _, after = PAGE.partition(f"### `{folder}/`")
    body = re.search(r"\|---.*?\n(.*?)\n\n", after, re.DOTALL)
    assert body
    return [[cell.strip() for cell in line.split("|")[1:-1]] for line in body[1].splitlines()]


@pytest.mark.parametrize(
    ("folder", "schema"),
    [
        ("candidates", schema_of(CandidateRecord)),
        ("trials", schema_of(TrialRecord)),
        ("latency", schema_of(LatencyRecord)),
        ("judged", schema_of(JudgedRecord)),
    ],
)
def test_every_column_is_documented_in_order(folder: str, schema: pa.Schema) -> None:
    written = [
        [f"`{field.name}`", str(field.type), "yes" if field.nullable else "no"] for field in schema
    ]
    rows = table(folder)
    assert [row[:3] for row in rows] == written
    assert all(row[4] for row in rows), "a column without a meaning"


@pytest.mark.parametrize("figure", FIGURES.values(), ids=str)
def test_figures_are_documented_as_their_table_says(figure: Figure) -> None:
    (row,) = [row for row in table("candidates") if row[0] == f"`{figure.key}`"]
    assert row[3:] == [figure.stored_unit, figure.meaning]


@pytest.mark.parametrize("values", [Kind, TrialState, StopReason, Runtime, InfeasibleReason])
def test_every_stored_value_is_documented(values: type[Kind]) -> None:
    assert not [value.value for value in values if f"`{value.value}`" not in PAGE]
