"""Verbs that choose: front and pick."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tatl_search.cli.options import AsJson, SweepPath, console, messages, print_json

if TYPE_CHECKING:
    from tatl_search.deploy.pick import Choice


def front(
    sweep: SweepPath,
    every: Annotated[bool, typer.Option("--all", help="All candidates, not the front only.")] = (
        False
    ),
    as_json: AsJson = False,
) -> None:
    """Show the networks that no other one beats, beside the unpruned one and the baselines.

    Works while the sweep runs, and on a machine without Ray and torch.
    """
    from tatl_search.results.front import front_json
    from tatl_search.results.store import load_sweep
    from tatl_search.results.table import candidates_table, front_table

    results = load_sweep(sweep)
    if as_json:
        print_json(front_json(results, all_candidates=every))
    else:
        console.print(candidates_table(results) if every else front_table(results))


def pick(
    sweep: SweepPath,
    min_accuracy: Annotated[float | None, typer.Option(help="As a share: 0.9.")] = None,
    max_drop: Annotated[
        float | None, typer.Option(help="Below the unpruned network: 0.02 is two points.")
    ] = None,
    max_macs: Annotated[float | None, typer.Option(help="Of one image: 5e6.")] = None,
    max_parameters: Annotated[float | None, typer.Option(help="Such as 1e6.")] = None,
    knee: Annotated[
        bool, typer.Option("--knee", help="The knee of the front; the default without bounds.")
    ] = False,
    export: Annotated[
        Path | None, typer.Option(help="Folder to write the network to, proven and documented.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pick one network from the front and, with --export, take it away.

    Among near-ties the cheapest within one standard error of the best is picked. Exporting
    proves that ONNX Runtime and torch agree, and opens the test split once.

    [dim]tatl-search pick sweeps/quickstart --max-drop 0.01 --export my-network[/dim]
    """
    from tatl_search.api import pick as choose_from
    from tatl_search.deploy.bounds import PickRequest
    from tatl_search.errors import InputError
    from tatl_search.results.store import load_sweep

    request = PickRequest(
        min_accuracy=min_accuracy,
        max_drop=max_drop,
        max_macs=None if max_macs is None else round(max_macs),
        max_parameters=None if max_parameters is None else round(max_parameters),
    )
    if knee and request != PickRequest():
        raise InputError("--knee takes no bounds; leave one or the other away")
    choice = choose_from(load_sweep(sweep), request)
    messages.print(_explain(choice))
    report = None
    if export is not None:
        from tatl_search.deploy.ship import ship

        messages.print(f"exporting to {export}; this takes a minute")
        report = ship(load_sweep(sweep), choice, export)
        messages.print(str(report))
    if as_json:
        print_json({"candidate": asdict(choice.candidate), "why": choice.why})


def _explain(choice: "Choice") -> str:
    picked, (low, high) = choice.candidate, choice.interval
    lines = [
        f"picked {picked.label}: accuracy {picked.accuracy:.4f} (95 % interval {low:.3f} to"
        f" {high:.3f}), {picked.macs / 1e6:.2f} M MACs, {picked.parameters / 1e6:.2f} M parameters",
        f"why: {choice.why}",
    ]
    for side, neighbour in (("smaller", choice.smaller), ("larger", choice.larger)):
        lines.append(f"{side}: {neighbour.text if neighbour else 'none on the front'}")
    return "\n".join([*lines, *choice.notes])
