"""A comparison in words, for a terminal of 80 columns."""

from collections.abc import Sequence
from statistics import fmean

from rich.console import Group
from rich.table import Table
from rich.text import Text

from tatl_search.results.compare import FEWEST_PAIRS, Comparison, Difference, Paired
from tatl_search.results.confirmation import Spread
from tatl_search.results.words import UNKNOWN, written_with_name

SOURCE = "Zitzler, Thiele 1999"


def comparison_text(comparison: Comparison, notes: Sequence[str]) -> Group:
    """Return the tables, the paired differences, and what is to be known of them."""
    lines = [*(_paired(pair) for pair in comparison.paired), *notes]
    tables = [_fronts(comparison), *_judged(comparison), _work(comparison), _coverage(comparison)]
    parts = [part for title, table in tables for part in (title, table, Text())]
    return Group(*parts[:-1], *(Text(line) for line in lines))


def _fronts(comparison: Comparison) -> tuple[Text, Table]:
    goals = comparison.goals
    reference = ", ".join(
        [*(f"{quality.name} 0" for quality in goals.qualities)]
        + [written_with_name(whole, cost) for cost, whole in goals.reference.items()]
    )
    columns = ("arm", "sweeps", "networks", "log area", "area", "hypervolume", "best, %")
    table = _table(columns)
    for arm in comparison.arms:
        networks = fmean(figures.networks for figures in arm.sweeps)
        worth = (_spread(arm.spread(name)) for name in ("log_area", "area", "hypervolume"))
        best = _spread(arm.spread("best_accuracy"), scale=100, digits=1)
        cells = (arm.label, str(len(arm.sweeps)), f"{networks:.1f}", *worth, best)
        table.add_row(*map(Text, cells))
    title = f"Fronts over validation images; reference point: {reference}"
    return Text(title), table


def _judged(comparison: Comparison) -> list[tuple[Text, Table]]:
    """Return the areas on test images; nothing where no arm was judged."""
    if all(arm.spread("test_log_area") is None for arm in comparison.arms):
        return []
    table = _table(("arm", "log area", "bias", "area", "bias"))
    for arm in comparison.arms:
        names = ("test_log_area", "log_area_bias", "test_area", "area_bias")
        cells = (_spread(arm.spread(name), none="not judged") for name in names)
        table.add_row(*map(Text, (arm.label, *cells)))
    title = "The same fronts over test images, which no search saw; bias: validation minus test"
    return [(Text(title), table)]


def _work(comparison: Comparison) -> tuple[Text, Table]:
    table = _table(("arm", "images trained", "times share of MACs", "wall-clock, s"))
    for arm in comparison.arms:
        names = ("images_trained", "full_images", "wall_seconds")
        cells = (_spread(arm.spread(name), digits=0) for name in names)
        table.add_row(*map(Text, (arm.label, *cells)))
    return Text("Work of a sweep, counted in three ways"), table


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


def _spread(spread: Spread | None, digits: int = 3, scale: float = 1.0, none: str = UNKNOWN) -> str:
    if spread is None:
        return none
    deviation = spread.deviation
    more = "" if deviation is None else f" ± {scale * deviation:,.{digits}f}"
    return f"{scale * spread.mean:,.{digits}f}{more}"


def _paired(pair: Paired) -> str:
    known = f"{len(pair.seeds)} seed" + ("s" if len(pair.seeds) > 1 else "")
    others = f"area {_signed(pair.area)}, hypervolume {_signed(pair.hypervolume)}"
    if pair.test_log_area is not None:
        others = f"log area on test images {_signed(pair.test_log_area)}, {others}"
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
