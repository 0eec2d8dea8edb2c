"""Figures in words, the same in tables, pictures and the report."""

from tatl_search.config import Objective
from tatl_search.core.confidence import wilson_interval
from tatl_search.records import CandidateRecord

COST_NAMES = {
    Objective.MACS: "MACs",
    Objective.PARAMETERS: "parameters",
    Objective.SIZE_BYTES: "size",
}


def percent(share: float) -> str:
    """Return a share as a percentage, as in `93.4 %`."""
    return f"{100.0 * share:.1f} %"


def interval(row: CandidateRecord) -> tuple[float, float]:
    """Return the 95 % confidence interval of a candidate's validation accuracy (Wilson)."""
    return wilson_interval(row.accuracy, row.val_images)


def accuracy_with_interval(row: CandidateRecord) -> str:
    """Return the accuracy and its 95 % interval, both in percent, as in `93.4 (90.6-95.5)`."""
    low, high = interval(row)
    return f"{100 * row.accuracy:.1f} ({100 * low:.1f}-{100 * high:.1f})"


def scaled(number: float) -> str:
    """Return a count with three digits and a unit, as in `4.65 M`."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        # Rounding must not lead to 1000 of the smaller unit.
        if number >= 0.9995 * size:
            return f"{number / size:#.3g}".rstrip(".") + f" {unit}"
    return f"{number:.0f}"


def cost(number: float, objective: Objective) -> str:
    """Return a cost with its unit, as in `12.3 M` or, for sizes, `2.40 MB`."""
    if objective is not Objective.SIZE_BYTES:
        return scaled(number)
    return f"{number:.0f} B" if number < 999.5 else f"{scaled(number)}B"


def cost_with_name(number: float, objective: Objective) -> str:
    """Return a cost with its unit and name, as in `12.3 M MACs` or `2.40 MB`."""
    if objective is Objective.SIZE_BYTES:
        return cost(number, objective)
    return f"{cost(number, objective)} {COST_NAMES[objective]}"


def times_less(row: CandidateRecord, unpruned: CandidateRecord, objective: Objective) -> str:
    """Return how many times less a network costs than the unpruned one, as in `2.1x`."""
    return f"{getattr(unpruned, objective.value) / getattr(row, objective.value):.1f}x"
