"""The verb that holds fronts against each other: compare."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tatl_search.cli.options import AsJson, console, messages, path_of, print_json
from tatl_search.errors import InputError

if TYPE_CHECKING:
    from tatl_search.results.arms import Arm


def compare(
    sweeps: Annotated[
        list[Path] | None,
        typer.Argument(metavar="SWEEP...", help="Sweeps' folders.", parser=path_of("SWEEP")),
    ] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--label",
            metavar="NAME=SWEEP,...",
            help="Sweeps that are one arm, as in ours=a1,a2; may be repeated.",
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="Picture to draw; .svg, .pdf or .png says as what.", parser=path_of("--output")
        ),
    ] = None,
    width_mm: Annotated[float, typer.Option(help="Width of the picture in mm.")] = 160.0,
    as_json: AsJson = False,
) -> None:
    """Compare the fronts of sweeps of one task: volumes, who covers whom, means over seeds.

    Sweeps with the same settings but the seed are one arm. Different tasks are refused.

    ```
    tatl-search compare sweeps/tpe-0 sweeps/tpe-1 sweeps/random-0 sweeps/random-1
    tatl-search compare --label ours=sweeps/a,sweeps/b sweeps/c --output both.pdf
    ```
    """
    from tatl_search.results.arms import checked, grouped
    from tatl_search.results.compare import compare as held_against
    from tatl_search.results.compare_plot import draw_comparison
    from tatl_search.results.compare_table import comparison_text
    from tatl_search.results.picture import picture_format, save_picture
    from tatl_search.results.store import load_sweep
    from tatl_search.search.same_task import check_same_task

    if output is not None:
        picture_format(output)  # a wrong suffix is said at once
    named = [_arm(label) for label in labels or ()]
    arms = checked((*named, *grouped([load_sweep(sweep) for sweep in sweeps or ()])))
    notes = check_same_task([results for arm in arms for results in arm.sweeps])
    comparison = held_against(arms)
    if output is not None:
        save_picture(draw_comparison(arms, width_mm), output)
        messages.print(f"wrote {output}")
    if as_json:
        print_json({**comparison.to_dict(), "notes": notes})
    else:
        console.print(comparison_text(comparison, notes))


def _arm(label: str) -> "Arm":
    from tatl_search.results.arms import Arm
    from tatl_search.results.store import load_sweep

    name, _, paths = label.partition("=")
    folders = [path.strip() for path in paths.split(",") if path.strip()]
    if not name.strip() or not folders:
        raise InputError(f"--label should be NAME=SWEEP,... as in ours=a1,a2 (got '{label}')")
    return Arm(name.strip(), tuple(load_sweep(folder) for folder in folders))
