"""The verb that draws for a paper: plot."""

from pathlib import Path
from typing import Annotated

import typer

from tatl_search.cli.options import SweepPath, messages, path_of


def plot(
    sweep: SweepPath,
    output: Annotated[
        Path,
        typer.Option(
            help="File to write; .svg, .pdf or .png says as what.", parser=path_of("--output")
        ),
    ] = Path("front.svg"),
    width_mm: Annotated[
        float, typer.Option(help="Width in mm; words keep their size. Often 85 for one column.")
    ] = 160.0,
    title: Annotated[
        bool, typer.Option("--title/--no-title", help="The sweep's name above the picture.")
    ] = True,
) -> None:
    """Draw the front as a picture for a paper.

    Fonts are part of the file, colours are told apart by the colour-blind, and the same sweep
    gives the same bytes. `report` shows the same front to look around in.

    ```
    tatl-search plot sweeps/quickstart --output front.pdf --width-mm 85 --no-title
    ```
    """
    from tatl_search.results.picture import picture_format, save_picture
    from tatl_search.results.plots import draw, front_plot
    from tatl_search.results.store import load_sweep

    picture_format(output)  # a wrong suffix is said at once
    save_picture(draw(front_plot(load_sweep(sweep)), width_mm, title), output)
    messages.print(f"wrote {output}")
