"""Verbs that choose: front and pick."""

import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tatl_search.cli.options import AsJson, SweepPath, console, messages, print_json
from tatl_search.errors import InputError

if TYPE_CHECKING:
    from tatl_search.deploy.bundle import BundleReport
    from tatl_search.deploy.pick import Choice, Neighbour
    from tatl_search.records import CandidateRecord


def front(
    sweep: SweepPath,
    every: Annotated[
        bool, typer.Option("--all", metavar="", help="All candidates, not the front only.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show the networks that no other one beats, beside the unpruned one and the baselines.

    Works while the sweep runs, and on a machine without Ray and torch.

    ```
    tatl-search front sweeps/quickstart
    tatl-search front sweeps/quickstart --all --json
    ```
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
    min_accuracy: Annotated[
        float | None, typer.Option(help="Validation accuracy it must reach: 0.9 is 90 %.")
    ] = None,
    max_drop: Annotated[
        float | None,
        typer.Option(help="How far below the unpruned network it may be: 0.02 is two points."),
    ] = None,
    max_macs: Annotated[
        float | None, typer.Option(help="Multiply-accumulates of one image it may cost: 5e6.")
    ] = None,
    max_parameters: Annotated[
        float | None, typer.Option(help="Parameters it may have: 1e6.")
    ] = None,
    knee: Annotated[
        bool,
        typer.Option(
            "--knee", metavar="", help="The knee of the front; the default without bounds."
        ),
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(help="Folder to write the network to, proven and documented; must be new."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Pick one network from the front and, with `--export`, take it away.

    Among near-ties the cheapest within one standard error of the best is picked. Exporting
    proves that ONNX Runtime and torch agree, and opens the test split once.

    ```
    tatl-search pick sweeps/quickstart
    tatl-search pick sweeps/quickstart --max-drop 0.01 --export my-network
    tatl-search pick sweeps/quickstart --max-macs 5e6 --min-accuracy 0.9
    ```
    """
    from tatl_search.api import pick as choose_from
    from tatl_search.deploy.bounds import PickRequest
    from tatl_search.results.store import load_sweep

    request = PickRequest(
        min_accuracy=min_accuracy,
        max_drop=max_drop,
        max_macs=_count("--max-macs", max_macs),
        max_parameters=_count("--max-parameters", max_parameters),
    )
    if knee and request != PickRequest():
        raise InputError("--knee takes no bounds; leave one or the other away")
    results = load_sweep(sweep)
    choice = choose_from(results, request)
    messages.print(_explain(choice))
    report = None
    if export is not None:
        from tatl_search.deploy.ship import ship

        messages.print(f"exporting to {export}; this takes a minute")
        report = ship(results, choice, export)
        messages.print(str(report))
    if as_json:
        print_json(_choice_json(choice, report))


def _count(option: str, value: float | None) -> int | None:
    """Return a count that may be written as 5e6."""
    if value is None:
        return None
    if not math.isfinite(value):
        raise InputError(f"{option} should be a number, such as 5e6 (got {value})")
    return round(value)


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


def _choice_json(choice: "Choice", report: "BundleReport | None") -> dict[str, Any]:
    low, high = choice.interval
    return {
        "sweep": choice.candidate.sweep,
        "candidate": {**_figures(choice.candidate), "interval": {"low": low, "high": high}},
        "why": choice.why,
        "smaller": _neighbour(choice.smaller),
        "larger": _neighbour(choice.larger),
        "notes": list(choice.notes),
        "export": report and {"folder": str(report.folder), **report.measured.to_dict()},
    }


def _neighbour(neighbour: "Neighbour | None") -> dict[str, Any] | None:
    return None if neighbour is None else _figures(neighbour.candidate)


def _figures(record: "CandidateRecord") -> dict[str, Any]:
    names = ("label", "trial", "round", "accuracy", "macs", "parameters", "size_bytes", "stage")
    return {name: getattr(record, name) for name in names}
