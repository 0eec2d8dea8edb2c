"""The verb that lists methods: names, papers, needs and settings."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from tatl_search.cli.options import AsJson, console, messages, print_json

if TYPE_CHECKING:
    from tatl_search.methods.method import Method


def methods(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="Show this one with its settings.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the ways to choose filters, and the settings of each.

    A method is a score (what filters are worth), an allocation (which go, given a budget), and
    what else its paper does. `prune.score` and `prune.allocation` put others in their place.

    ```
    tatl-search methods
    tatl-search methods wealthadapt
    ```
    """
    from tatl_search.methods.registry import METHODS, method_named

    if name is not None:
        method = method_named(name)
        print_json(_details(method)) if as_json else _show(method)
        return
    found = [*(METHODS[known] for known in METHODS.builtin), *_plugins()]
    if as_json:
        print_json([_summary(method) for method in found])
        return
    from rich.table import Table

    table = Table("method", "paper", "score", "allocation", "needs")
    for method in found:
        row = _summary(method)
        table.add_row(
            row["name"],
            f"{row['title']} ({row['source']})",
            row["score"],
            row["allocation"],
            row["needs"],
        )
    console.print(table)
    messages.print("next: tatl-search methods NAME shows a method's settings")


def _plugins() -> list["Method"]:
    """Return the methods of other packages; those that cannot be loaded are named."""
    from tatl_search.errors import InputError
    from tatl_search.methods.registry import METHODS, method_named

    found = []
    for name in METHODS.plugins:
        try:
            found.append(method_named(name))
        except InputError as error:
            messages.print(str(error))
    return found


def _summary(method: "Method") -> dict[str, str]:
    return {
        "name": method.name,
        "title": method.title,
        "source": method.source,
        "score": method.score.name,
        "allocation": method.allocation.name,
        "needs": method.needs,
    }


def _details(method: "Method") -> dict[str, Any]:
    from tatl_search.cli.settings_table import own_settings, shared_settings

    return {
        **_summary(method),
        "own": [setting.to_dict() for setting in own_settings(method)],
        "shared": [setting.to_dict() for setting in shared_settings()],
    }


def _show(method: "Method") -> None:
    from tatl_search.cli.settings_table import own_settings, shared_settings, table_of

    summary = _summary(method)
    console.print(f"{method.name}: {method.title}\n{method.source}")
    console.print(f"score {summary['score']}, allocation {summary['allocation']}")
    if method.needs:
        console.print(f"needs {method.needs}")
    for title, settings in (
        ("its own settings", own_settings(method)),
        ("settings of all methods", shared_settings()),
    ):
        if settings:
            console.print(table_of(settings, title))
