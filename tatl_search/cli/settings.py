"""The verb that lists what may stand in a file."""

from typing import Annotated

import typer

from tatl_search.cli.options import AsJson, console, print_json
from tatl_search.errors import InputError


def settings(
    section: Annotated[
        str | None,
        typer.Argument(metavar="[SECTION]", help="Only these, as in data.augment or sweep.budget."),
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", metavar="", help="Print Markdown, as in docs/settings.md.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """List all settings with their defaults, what is allowed, and what they mean.

    Any setting of an adaptation may be searched; those of `sweep`, `baselines` and `wandb` say
    how.

    ```
    tatl-search settings
    tatl-search settings data.augment
    ```
    """
    from tatl_search.cli.settings_table import all_settings, markdown_of, table_of
    from tatl_search.registry import did_you_mean

    every = all_settings()
    within = (f"{section}.", f"{section}[")
    shown = [s for s in every if section in (None, s.path) or s.path.startswith(within)]
    if not shown:
        sections = dict.fromkeys(s.path.split(".")[0].removesuffix("[]") for s in every)
        guess = did_you_mean(section, [*sections, *(s.path for s in every)])
        known = ", ".join(sections)
        raise InputError(f"there is no setting '{section}'; sections are {known}{guess}")
    if as_json:
        print_json([s.to_dict() for s in shown])
    elif markdown:
        typer.echo(markdown_of(shown))
    else:
        console.print(table_of(shown, section or "all settings"))
