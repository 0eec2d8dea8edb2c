"""The verb that trains the picked network longer: finish."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tatl_search.cli.choosing import named_candidate
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


def finish(  # noqa: PLR0913 - a verb has as many options as people need
    sweep: SweepPath,
    epochs: Annotated[int, typer.Option(min=1, help="How long it is trained further.")],
    trial: Annotated[
        int | None, typer.Option(help="With --round: which network; the knee otherwise.")
    ] = None,
    round_number: Annotated[
        int | None, typer.Option("--round", help="With --trial: which network.")
    ] = None,
    label: Label = None,
    with_validation: Annotated[
        bool,
        typer.Option(
            "--with-validation",
            metavar="",
            help="Learn the validation images too; only the test split judges it then.",
        ),
    ] = False,
    distil: Annotated[
        bool,
        typer.Option(
            "--distil", metavar="", help="Follow the outputs of the sweep's most accurate network."
        ),
    ] = False,
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
    """Train a picked network longer before it is taken away.

    `pick` says which trial and round it is. What was trained is stored: the same command again,
    with `--export`, finds it. The sweep's front stays as it is.

    ```
    tatl-search finish sweeps/first --trial 3 --round 5 --epochs 20 --distil
    tatl-search finish sweeps/first --epochs 20 --export my-network
    ```
    """
    from tatl_search.api import pick
    from tatl_search.deploy.destination import free_destination
    from tatl_search.deploy.finish import FinishRequest
    from tatl_search.deploy.finish import finish as train_further
    from tatl_search.results.store import load_sweep

    request = FinishRequest(epochs, with_validation, distil)
    if export is not None:
        free_destination(export)
    results = load_sweep(sweep)
    choice = pick(results, candidate=named_candidate(trial, round_number, label))
    finished = train_further(results, choice.candidate, request, messages.print)
    report = None
    if export is not None:
        from tatl_search.deploy.ship import ship

        messages.print(f"exporting to {export}; this takes a minute")
        report = ship(results, finished.choice(choice), export, formats or ())
    if as_json:
        print_json(
            {
                "before": asdict(finished.before),
                "after": asdict(finished.after),
                "export": report and {"folder": str(report.folder), **report.measured.to_dict()},
            }
        )
    else:
        console.print(str(finished))
        messages.print(
            str(report) if report else "export it: the same command with --export FOLDER"
        )
