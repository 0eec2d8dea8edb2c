"""Rows of measurements as Parquet files: a dataclass's fields are the columns."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

R = TypeVar("R")


def write(path: Path, rows: Sequence[Any]) -> None:
    """Write rows, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    pq.write_table(pa.Table.from_pylist([asdict(row) for row in rows]), partial)
    partial.replace(path)


def read(path: Path, kind: type[R]) -> list[R]:
    """Read rows of a kind; columns that it does not have are left out."""
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    return [kind(**{name: row[name] for name in names}) for row in pq.read_table(path).to_pylist()]
