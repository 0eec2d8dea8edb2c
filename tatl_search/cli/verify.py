"""The verb that checks an exported folder: verify."""

from pathlib import Path
from typing import Annotated

import typer

from tatl_search.cli.options import console, path_of
from tatl_search.errors import InputError, RunError


def verify(
    folder: Annotated[
        Path,
        typer.Argument(
            metavar="FOLDER",
            help="What `pick --export` wrote, such as picked.",
            parser=path_of("FOLDER"),
        ),
    ],
) -> None:
    """Check that an exported folder arrived whole and computes here what it did when made.

    Needs neither torch nor Ray. Where this product is not installed, `python verify.py` in the
    folder does the same with onnxruntime and numpy. Exit code 1 if it does not hold.

    ```
    tatl-search verify my-network
    ```
    """
    from tatl_search.deploy.shipped import verify as shipped

    if not (folder / shipped.CHECKSUMS).is_file():
        raise InputError(f"{folder} is no exported network: it holds no {shipped.CHECKSUMS}")
    try:
        found = shipped.verify(folder)
    except shipped.DamagedError as error:
        raise RunError(f"NOT VERIFIED: {error}") from error
    console.print(f"{found}\nverified")
