"""Every figure of a candidate, once: what it is called, its unit, its direction and its uses.

The figures are the fields of `Figures`, each described where it is declared. Settings
(`sweep.objectives`, `sweep.bounds`), the options of `pick`, Parquet columns, W&B's metrics, the
axes of the report, tables and the model card follow from `FIGURES`. A new figure is one field here
and the code that computes it; with a default, since older rows and stages do not hold it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from functools import partial
from typing import Any


class Unit(StrEnum):
    """How a figure is written; the report's script knows these names."""

    SHARE = "share"
    PLAIN = "plain"
    COUNT = "count"
    BYTES = "bytes"
    MILLISECONDS = "milliseconds"


class Origin(StrEnum):
    """Where a figure comes from."""

    EVALUATED = "evaluated"
    """The network's answers to the validation images."""
    COUNTED = "counted"
    """The dense network as it is stored."""
    ESTIMATED = "estimated"
    """Times of layers that were measured before the sweep."""
    MEASURED = "measured"
    """Measured on its own, beside the rows, as `latency` does."""


class Interval(StrEnum):
    """How far a figure can be trusted, as far as that is known."""

    NONE = "none"
    """It is exact, or its spread is not known."""
    WILSON = "wilson"
    """A share of independent images: Wilson's interval."""


@dataclass(frozen=True)
class Figure:
    """One figure; equal to another of the same key.

    Attributes:
        key: its name in settings, rows and JSON.
        name: in sentences and tables: `MACs`.
        title: as the title of an axis.
        unit: how its values are written.
        origin: where it comes from.
        meaning: what it is, for the documentation.
        stored_unit: of its column, as docs/records.md says.
        higher_is_better: its direction.
        interval: how its uncertainty is told.
        is_goal: whether it may be an objective, a bound and a preference.
    """

    key: str
    name: str = field(compare=False)
    title: str = field(compare=False)
    unit: Unit = field(compare=False)
    origin: Origin = field(compare=False)
    meaning: str = field(default="", compare=False)
    stored_unit: str = field(default="", compare=False)
    higher_is_better: bool = field(default=False, compare=False)
    interval: Interval = field(default=Interval.NONE, compare=False)
    is_goal: bool = field(default=True, compare=False)

    def __str__(self) -> str:
        return self.key

    @property
    def bound_name(self) -> str:
        """The name of a bound on it, as in `min_accuracy` or `max_macs`."""
        return f"{'min' if self.higher_is_better else 'max'}_{self.key}"

    @property
    def best_name(self) -> str:
        """The name of a preference for it, as in `max_accuracy` or `min_macs`."""
        return f"{'max' if self.higher_is_better else 'min'}_{self.key}"

    def of(self, row: "Evaluated") -> float:
        """Return the figure of a network; NaN where it is not known."""
        found = getattr(row, self.key, None)
        return math.nan if found is None else float(found)

    def minimised(self, row: "Evaluated") -> float:
        """Return the figure turned so that less is better; NaN where it is not known."""
        value = self.of(row)
        return -value if self.higher_is_better else value


def _figure(name: str, title: str, unit: Unit, origin: Origin, **told: Any) -> Mapping[str, Any]:
    """Return the metadata of a field that is a figure; the key is the field's name."""
    return {"figure": partial(Figure, name=name, title=title, unit=unit, origin=origin, **told)}


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What a network's answers to the validation images say.

    Attributes:
        val_images: number of validation images.
    """

    accuracy: float = field(
        metadata=_figure(
            "accuracy", "validation accuracy", Unit.SHARE, Origin.EVALUATED,
            stored_unit="share", meaning="validation images classified correctly, 0 to 1",
            higher_is_better=True, interval=Interval.WILSON,
        )
    )  # fmt: skip
    loss: float = field(
        metadata=_figure(
            "loss", "validation loss", Unit.PLAIN, Origin.EVALUATED,
            stored_unit="nats", meaning="mean cross-entropy on the validation images",
            is_goal=False,
        )
    )  # fmt: skip
    val_images: int
    macro_f1: float | None = field(
        default=None,
        metadata=_figure(
            "macro F1", "validation macro F1", Unit.SHARE, Origin.EVALUATED, stored_unit="share",
            meaning="mean over the classes of the harmonic mean of precision and recall on the"
            " validation images; null in rows of earlier versions",
            higher_is_better=True,
        ),
    )  # fmt: skip
    balanced_accuracy: float | None = field(
        default=None,
        metadata=_figure(
            "balanced accuracy", "validation balanced accuracy", Unit.SHARE, Origin.EVALUATED,
            stored_unit="share", meaning="mean over the classes of the share of their validation"
            " images classified correctly; null in rows of earlier versions",
            higher_is_better=True,
        ),
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Measured(Evaluated):
    """What is measured of a network when it is stored, whoever asks for it."""

    macs: int = field(
        metadata=_figure(
            "MACs", "MACs", Unit.COUNT, Origin.COUNTED, stored_unit="multiply-accumulates",
            meaning="of one image: convolutions and linear layers of the dense network"
            " (FLOPs = 2 MACs)",
        )
    )  # fmt: skip
    parameters: int = field(
        metadata=_figure(
            "parameters", "parameters", Unit.COUNT, Origin.COUNTED,
            stored_unit="count", meaning="of the dense network",
        )
    )  # fmt: skip
    size_bytes: int = field(
        metadata=_figure(
            "size",
            "size",
            Unit.BYTES,
            Origin.COUNTED,
            stored_unit="bytes",
            meaning="of the stored weights",
        )
    )


@dataclass(frozen=True, kw_only=True)
class Figures(Measured):
    """All figures of a candidate: what was measured of its network, and what a sweep estimates."""

    latency_ms: float | None = field(
        metadata=_figure(
            "latency", "latency (estimate)", Unit.MILLISECONDS, Origin.ESTIMATED,
            stored_unit="milliseconds",
            meaning="estimate for one image, from a table measured per layer before the sweep;"
            " null where none was measured",
        )
    )  # fmt: skip


FIGURES: Mapping[str, Figure] = {
    of.name: of.metadata["figure"](key=of.name) for of in fields(Figures) if of.metadata
}
"""All figures by their keys, in the order of the columns."""

GOALS: Mapping[str, Figure] = {key: figure for key, figure in FIGURES.items() if figure.is_goal}
"""Those that may be objectives, bounds and preferences."""

QUALITIES = tuple(figure for figure in GOALS.values() if figure.higher_is_better)
COSTS = tuple(figure for figure in GOALS.values() if not figure.higher_is_better)
"""What a network is chosen for, and what it takes: of each, an objective is one at least."""

ACCURACY = FIGURES["accuracy"]
MACS = FIGURES["macs"]
PARAMETERS = FIGURES["parameters"]
SIZE_BYTES = FIGURES["size_bytes"]
LATENCY_MS = FIGURES["latency_ms"]


def fields_of(kind: type[Evaluated], row: Evaluated) -> dict[str, Any]:
    """Return what a row holds of the fields of a class that it extends."""
    return {each.name: getattr(row, each.name) for each in fields(kind)}
