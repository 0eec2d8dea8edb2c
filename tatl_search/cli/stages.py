"""Verbs about stored networks: stages ls and stages gc."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from tatl_search.cli.options import AsJson, SweepPath, console, messages, print_json
from tatl_search.errors import InputError

if TYPE_CHECKING:
    from tatl_search.search.keeping import Cut
    from tatl_search.search.stage_list import StageEntry

HELP = """Stored networks of a sweep: what there is, and making room.

```
tatl-search stages ls sweeps/quickstart
tatl-search stages gc sweeps/quickstart --keep-gb 2 --dry-run
```
"""

app = typer.Typer(
    help=HELP,
    no_args_is_help=True,
    rich_markup_mode="markdown",
)

SHOWN_KEY = 8
MB = 1e6


@app.command()
def ls(sweep: SweepPath, as_json: AsJson = False) -> None:
    """List a sweep's stored networks: what each is, who computed it and who uses it.

    ```
    tatl-search stages ls sweeps/quickstart
    ```
    """
    from tatl_search.search.stage_list import list_stages

    entries = list_stages(sweep)
    if as_json:
        print_json([asdict(entry) for entry in entries])
    else:
        networks = {entry.network for entry in entries}
        named = f" of {networks.pop()}" if len(networks) == 1 else ""
        held = sum(entry.size_bytes for entry in entries)
        messages.print(f"{len(entries)} stages{named}, {held / MB:.1f} MB")
        console.print(_table(entries, sweep.resolve().name))


@app.command()
def gc(
    sweep: SweepPath,
    keep_gb: Annotated[
        float | None,
        typer.Option(min=0.0, help="10^9 bytes that may stay; the sweep's stages_gb otherwise."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", metavar="", help="Only say what would go.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Remove stored weights, the least recently used first; rows and structures stay.

    The front's networks and shared first ones are never removed. What is removed is computed
    again when `pick --export` or `resume` asks for it. `--keep-gb 0` removes all that may go.

    ```
    tatl-search stages gc sweeps/quickstart --keep-gb 2 --dry-run
    ```
    """
    from tatl_search.adaptation.stages import StageStore
    from tatl_search.manifest import SweepFolder, SweepManifest
    from tatl_search.search.keeping import GB, cut_back
    from tatl_search.search.lock import only_driver

    kept = SweepManifest.read(sweep).sweep.stages_gb if keep_gb is None else keep_gb
    if kept is None:
        raise InputError(
            "how much may stay? Say --keep-gb 2, or --keep-gb 0 for all that may go"
            " (the sweep has no stages_gb)"
        )
    if dry_run:
        cut = cut_back(sweep, kept * GB, dry_run=True)
    else:
        with only_driver(SweepFolder(sweep)):  # a running sweep keeps its own bound
            StageStore(SweepFolder(sweep).stages).clear_unfinished()
            cut = cut_back(sweep, kept * GB)
    if as_json:
        keys = [held.stage.key for held in cut.evicted]
        print_json({"evicted": keys, "left_bytes": cut.left_bytes, "dry_run": dry_run})
    else:
        console.print(_told(cut, dry_run))


def _told(cut: "Cut", dry_run: bool) -> str:
    freed = sum(held.size_bytes for held in cut.evicted)
    verb = "would go" if dry_run else "went"
    return (
        f"weights of {len(cut.evicted)} stages {verb}, {freed / MB:.1f} MB;"
        f" {cut.left_bytes / MB:.1f} MB left"
    )


def _table(entries: Sequence["StageEntry"], sweep: str) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")
    table.add_column("stage")
    for name in ("round", "accuracy", "MACs", "MB"):
        table.add_column(name, justify="right")
    for name in ("computed by", "used by", ""):
        table.add_column(name)
    for entry in entries:
        table.add_row(*map(Text, _cells(entry, sweep)))
    return table


def _cells(entry: "StageEntry", sweep: str) -> tuple[str, ...]:
    from tatl_search.results.words import percent, scaled

    marks = [word for word, true in (("front", entry.on_front), ("evicted", entry.evicted)) if true]
    more = f" and {len(entry.used_by) - 1} more" if len(entry.used_by) > 1 else ""
    return (
        entry.key[:SHOWN_KEY],
        "" if entry.round is None else str(entry.round),
        percent(entry.accuracy),
        scaled(entry.macs),
        f"{entry.size_bytes / MB:.2f}",
        entry.computed_by.removeprefix(f"{sweep}/"),
        entry.used_by[0] + more if entry.used_by else "",
        ", ".join(marks),
    )
