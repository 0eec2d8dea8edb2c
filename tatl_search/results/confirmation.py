"""The front's figures beside those of the same settings from fresh seeds."""

import math
import statistics
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table
from rich.text import Text

from tatl_search.config import plain_settings
from tatl_search.figures import ACCURACY, MACS, Figure
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults
from tatl_search.results.words import percent, scaled
from tatl_search.tracking.reading import read_records


@dataclass(frozen=True)
class Spread:
    """Figures of several runs.

    Attributes:
        mean: of the runs; NaN without one.
        deviation: sample standard deviation (n - 1); null below two runs.
    """

    mean: float
    deviation: float | None

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return mean and standard deviation."""
        mean = statistics.fmean(values) if values else math.nan
        return cls(mean, statistics.stdev(values) if len(values) > 1 else None)


Place = tuple[int, int] | str
"""Which network runs from fresh seeds repeat: trial and round, or the label of a baseline."""


def seed_of_row(row: CandidateRecord) -> int:
    """Return the seed that a row's adaptation had."""
    return int(plain_settings(row.settings)["seed"])


def place_of(row: CandidateRecord) -> Place:
    """Return which network a row is of, from whatever seed."""
    if row.trial is not None:
        return row.trial, row.round
    return row.label.removesuffix(f", seed {seed_of_row(row)}")


@dataclass(frozen=True)
class Confirmed:
    """One network of the sure front, and what its settings led to from fresh seeds.

    Attributes:
        single: its row.
        again: the rows of the same round from fresh seeds; a run that pruned no further has none.
    """

    single: CandidateRecord
    again: tuple[CandidateRecord, ...]

    def quality(self, figure: Figure) -> Spread:
        """Return a figure over the fresh seeds."""
        return Spread.of([figure.of(row) for row in self.again])

    @property
    def accuracy(self) -> Spread:
        """Validation accuracy over the fresh seeds."""
        return self.quality(ACCURACY)

    @property
    def macs(self) -> Spread:
        """Multiply-accumulates of one image over the fresh seeds."""
        return self.quality(MACS)

    @property
    def luck(self) -> float:
        """How far the single accuracy lies above the mean; negative where it lies below."""
        return self.single.accuracy - self.accuracy.mean


def stored_confirmations(folder: SweepFolder) -> list[CandidateRecord]:
    """Return all rows of runs from fresh seeds."""
    return read_records(folder.confirmations, CandidateRecord)


def confirmed_front(results: SweepResults) -> list[Confirmed]:
    """Return the sure front from large to small, each network with what fresh seeds led to."""
    again: dict[Place, list[CandidateRecord]] = defaultdict(list)
    for row in stored_confirmations(results.folder):
        again[place_of(row)].append(row)
    return [
        Confirmed(single, tuple(again.get(place_of(single), ())))
        for single in front_of(results).sure()
    ]


def confirmation_json(results: SweepResults) -> dict[str, Any]:
    """Return the comparison as JSON values; what no run tells is null."""
    confirmed = confirmed_front(results)
    return {
        "sweep": results.manifest.name,
        "mean_luck": _mean_luck(confirmed),
        "front": [
            {
                "label": one.single.label,
                "trial": one.single.trial,
                "round": one.single.round,
                "accuracy": one.single.accuracy,
                "macs": one.single.macs,
                "seeds": [seed_of_row(row) for row in one.again],
                "accuracies": [row.accuracy for row in one.again],
                "accuracy_mean": one.accuracy.mean if one.again else None,
                "accuracy_deviation": one.accuracy.deviation,
                "macs_mean": one.macs.mean if one.again else None,
                "macs_deviation": one.macs.deviation,
                "luck": one.luck if one.again else None,
            }
            for one in confirmed
        ],
    }


def confirmation_table(results: SweepResults) -> Table:
    """Return the comparison for a terminal of 80 columns."""
    confirmed = confirmed_front(results)
    table = Table(
        title=Text(f"Front of {results.manifest.name} from fresh seeds"),
        caption=Text(_caption(confirmed)),
        caption_justify="left",
        box=None,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    table.add_column("network")
    for name in ("accuracy", "seeds", "mean", "spread", "luck,\npoints", "MACs", "mean\nMACs"):
        table.add_column(name, justify="right")
    for one in confirmed:
        table.add_row(*map(Text, _cells(one)))
    return table


def _cells(one: Confirmed) -> tuple[str, ...]:
    spread = one.accuracy.deviation
    known = bool(one.again)
    return (
        one.single.label,
        percent(one.single.accuracy),
        str(len(one.again)),
        percent(one.accuracy.mean) if known else "",
        "" if spread is None else f"{100 * spread:.1f}",
        f"{100 * one.luck:+.1f}" if known else "",
        scaled(one.single.macs),
        scaled(one.macs.mean) if known else "",
    )


def _caption(confirmed: Sequence[Confirmed]) -> str:
    luck = _mean_luck(confirmed)
    if luck is None:
        return "No fresh seeds yet."
    return (
        "Validation accuracy, on the images that chose the front; spread is the sample standard"
        f" deviation in points. The front's figures lie {100 * luck:+.1f} points from the means of"
        " fresh seeds, on average over its networks."
    )


def _mean_luck(confirmed: Sequence[Confirmed]) -> float | None:
    found = [one.luck for one in confirmed if one.again]
    return statistics.fmean(found) if found else None
