"""A comparison in words, for a terminal of 80 columns."""

from collections.abc import Sequence

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tatl_search.results.compare import FEWEST_PAIRS, ArmFigures, Comparison, Difference, Paired
from tatl_search.results.confirmation import Spread
from tatl_search.results.words import written_with_name

SOURCE = "Zitzler, Thiele 1999"


def comparison_text(comparison: Comparison, notes: Sequence[str]) -> Group:
    """Return the tables, the paired differences, and what is to be known of them."""
    lines = [*(_paired(pair) for pair in comparison.paired), *notes]
    return Group(
        *_fronts(comparison), Text(), *_coverage(comparison), *(Text(line) for line in lines)
    )


def _fronts(comparison: Comparison) -> tuple[Text, Table]:
    goals = comparison.goals
    reference = ", ".join(
        [*(f"{quality.name} 0" for quality in goals.qualities)]
        + [written_with_name(whole, cost) for cost, whole in goals.reference.items()]
    )
    columns = ("arm", "sweeps", "networks", "log area", "area", "hypervolume", "best, %")
    table = _table(columns)
    for arm in comparison.arms:
        table.add_row(*map(Text, _row(arm)))
    title = f"Fronts over validation images; reference point: {reference}"
    return Text(title), table


def _row(arm: ArmFigures) -> tuple[str, ...]:
    best = arm.spread(lambda figures: figures.best_accuracy)
    return (
        arm.label,
        str(len(arm.sweeps)),
        f"{arm.spread(lambda figures: figures.networks).mean:.1f}",
        _spread(arm.spread(lambda figures: figures.log_area)),
        _spread(arm.spread(lambda figures: figures.area)),
        _spread(arm.spread(lambda figures: figures.hypervolume)),
        f"{100 * best.mean:.1f}"
        + ("" if best.deviation is None else f" ± {100 * best.deviation:.1f}"),
    )


def _coverage(comparison: Comparison) -> tuple[Text, Table]:
    labels = [arm.label for arm in comparison.arms]
    table = _table(("", *labels))
    for one in labels:
        shares = (comparison.coverage.get((one, other)) for other in labels)
        cells = ("" if share is None else f"{100 * share:.0f} %" for share in shares)
        table.add_row(Text(one), *map(Text, cells))
    return Text(f"Share of a column's front that a row's equals or beats ({SOURCE})"), table


def _table(columns: Sequence[str]) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    for number, column in enumerate(columns):
        table.add_column(Text(column), justify="right" if number else "left", no_wrap=number > 0)
    return table


def _spread(spread: Spread) -> str:
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.3f}"
    return f"{spread.mean:.3f}{deviation}"


def _paired(pair: Paired) -> str:
    known = f"{len(pair.seeds)} seed" + ("s" if len(pair.seeds) > 1 else "")
    others = f"area {_signed(pair.area)}, hypervolume {_signed(pair.hypervolume)}"
    return (
        f"{pair.first} minus {pair.second} over {known}: log area {_signed(pair.log_area)}"
        f" ({_tested(pair)}), {others}"
    )


def _signed(difference: Difference) -> str:
    spread = difference.spread
    deviation = "" if spread.deviation is None else f" ± {spread.deviation:.4f}"
    return f"{spread.mean:+.4f}{deviation}"


def _tested(pair: Paired) -> str:
    """Return whether the difference in the figure that decides is more than chance."""
    if pair.log_area.p_value is not None:
        return f"Wilcoxon's signed-rank test: p = {pair.log_area.p_value:.3f}"
    few = len(pair.seeds) < FEWEST_PAIRS
    return f"too few for a test: {FEWEST_PAIRS} are needed" if few else "no difference"
