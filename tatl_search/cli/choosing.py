"""Verbs that choose: front and pick."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tatl_search.cli.figure_options import with_figure_options
from tatl_search.cli.options import (
    AsJson,
    Formats,
    Label,
    SweepPath,
    console,
    messages,
    path_of,
    print_json,
)
from tatl_search.errors import InputError
from tatl_search.figures import GOALS, Figure

if TYPE_CHECKING:
    from tatl_search.deploy.bundle import BundleReport
    from tatl_search.deploy.pick import Choice, Name, Neighbour
    from tatl_search.records import CandidateRecord

_ALWAYS_TOLD = ("accuracy", "macs", "parameters")


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
    from tatl_search.results.front_json import front_json
    from tatl_search.results.store import load_sweep
    from tatl_search.results.table import candidates_table, front_table

    results = load_sweep(sweep)
    if as_json:
        print_json(front_json(results, all_candidates=every))
    else:
        console.print(candidates_table(results) if every else front_table(results))


@with_figure_options
def pick(  # noqa: PLR0913 - a verb has as many options as people need
    sweep: SweepPath,
    bounds: dict[str, float | None],
    preferred: list[str],
    max_drop: Annotated[
        float | None,
        typer.Option(help="How far below the unpruned network it may be: 0.02 is two points."),
    ] = None,
    device: Annotated[
        str | None,
        typer.Option(
            help="Where latency counts: a part of a device's name, and more of how it was"
            " measured: 'xeon, batch 32, torch'. Or 'estimate': the sweep's own."
        ),
    ] = None,
    knee: Annotated[
        bool,
        typer.Option(
            "--knee", metavar="", help="The knee of the front; the default without bounds."
        ),
    ] = False,
    weights: Annotated[
        str | None,
        typer.Option(help=f"How much figures count: accuracy=1,macs=0.5; of {', '.join(GOALS)}."),
    ] = None,
    trial: Annotated[int | None, typer.Option(help="With --round: this very network.")] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", help="With --trial: this very network.")
    ] = None,
    label: Label = None,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Folder to write the network to, proven and documented; must be new.",
            parser=path_of("--export"),
        ),
    ] = None,
    formats: Formats = None,
    as_json: AsJson = False,
) -> None:
    """Pick one network from the front and, with `--export`, take it away.

    Bounds may be mixed; of the networks within them one preference picks: without any, the knee of
    the front where nothing is bounded, the best by the sweep's quality (accuracy) where a cost is,
    the cheapest by its cost (MACs) where only a quality is. The knee and the most accurate
    give way to a cheaper one than which they are not better by more than chance. Exporting proves
    that ONNX Runtime and torch agree, and opens the test split once.

    ```
    tatl-search pick sweeps/quickstart
    tatl-search pick sweeps/quickstart --max-drop 0.01 --export my-network
    tatl-search pick sweeps/quickstart --max-macs 5e6 --min-accuracy 0.9
    tatl-search pick sweeps/quickstart --max-latency-ms 8 --max-accuracy
    tatl-search pick sweeps/quickstart --weights accuracy=1,macs=0.5
    tatl-search pick sweeps/quickstart --trial 3 --round 5
    tatl-search pick sweeps/quickstart --label "input 20 px"
    ```
    """
    from tatl_search.api import pick as choose_from
    from tatl_search.deploy.destination import free_destination
    from tatl_search.deploy.request import KNEE, PickRequest
    from tatl_search.results.store import load_sweep

    asked = [*([KNEE] if knee else []), *preferred]
    if len(asked) + (weights is not None) > 1:
        raise InputError("choose one of --knee, --min-macs, --max-accuracy, --weights and the like")
    request = PickRequest(
        max_drop=max_drop,
        device=device,
        preference=asked[0] if asked else None,
        weights=_weights(weights),
        **bounds,
    )
    if formats and export is None:
        raise InputError("--format says how to write a network: name a folder with --export")
    if export is not None:
        free_destination(export)
    candidate = named_candidate(trial, round_number, label)
    if candidate and request != PickRequest(device=device):
        raise InputError(
            "--trial and --round, or --label, name a network: leave bounds and preferences away"
        )
    results = load_sweep(sweep)
    choice = choose_from(results, request, candidate=candidate)
    messages.print(_explain(choice))
    report = None
    if export is not None:
        from tatl_search.deploy.ship import ship

        messages.print(f"exporting to {export}; this takes a minute")
        report = ship(results, choice, export, formats or ())
        messages.print(str(report))
    if as_json:
        print_json(_choice_json(choice, report))


def named_candidate(
    trial: int | None, round_number: int | None, label: str | None
) -> "Name | None":
    """Return trial and round, or the label, of the network that is named; null where none is.

    Raises:
        InputError: only one of trial and round is given, or a label beside them.
    """
    if trial is None and round_number is None:
        return label
    if label is not None:
        raise InputError("a network is named by --label, or by --trial and --round")
    if trial is None or round_number is None:
        raise InputError("a network is named by both --trial and --round")
    return trial, round_number


def _weights(text: str | None) -> dict[Figure, float]:
    """Return what `accuracy=1,macs=0.5` says."""
    found: dict[Figure, float] = {}
    for part in text.split(",") if text is not None else []:
        name, _, value = part.partition("=")
        try:
            figure, weight = GOALS[name.strip()], float(value)
        except (KeyError, ValueError) as error:
            raise InputError(
                f"--weights: '{part}' should be a figure and a number, such as macs=0.5; figures"
                f" are {', '.join(GOALS)}"
            ) from error
        if figure in found:
            raise InputError(f"--weights: {figure.key} is named twice; name it once")
        found[figure] = weight
    return found


def _explain(choice: "Choice") -> str:
    from tatl_search.deploy.grounds import amount

    picked, goals = choice.candidate, choice.grounds.goals
    accuracy = f"accuracy {picked.accuracy:.4f}"
    if choice.interval:
        accuracy += f" (95 % interval {choice.interval[0]:.3f} to {choice.interval[1]:.3f})"
    told = [
        accuracy,
        f"{picked.macs / 1e6:.2f} M MACs",
        f"{picked.parameters / 1e6:.2f} M parameters",
        *(amount(o.of(picked), o) for o in goals.objectives if o.key not in _ALWAYS_TOLD),
    ]
    lines = [f"picked {picked.label}: {', '.join(told)}", f"why: {choice.why}"]
    if choice.latency_origin is not None:
        known = "unknown" if choice.latency_ms is None else f"{choice.latency_ms:.2f} ms"
        lines.append(f"latency: {known} ({choice.latency_origin})")
    for side, neighbour in (("smaller", choice.smaller), ("larger", choice.larger)):
        lines.append(f"{side}: {neighbour.text if neighbour else 'none on the front'}")
    return "\n".join([*lines, *choice.notes])


def _choice_json(choice: "Choice", report: "BundleReport | None") -> dict[str, Any]:
    interval = choice.interval and dict(zip(("low", "high"), choice.interval, strict=True))
    return {
        "sweep": choice.candidate.sweep,
        "candidate": {**_figures(choice.candidate), "interval": interval},
        "latency": choice.latency_origin
        and {"ms": choice.latency_ms, "origin": choice.latency_origin},
        "why": choice.why,
        "smaller": _neighbour(choice.smaller),
        "larger": _neighbour(choice.larger),
        "notes": list(choice.notes),
        "export": report and {"folder": str(report.folder), **report.measured.to_dict()},
    }


def _neighbour(neighbour: "Neighbour | None") -> dict[str, Any] | None:
    return None if neighbour is None else _figures(neighbour.candidate)


def _figures(record: "CandidateRecord") -> dict[str, Any]:
    names = ("label", "trial", "round", *GOALS, "stage")
    return {name: getattr(record, name) for name in names}
