"""The verb that brings a sweep home."""

from pathlib import Path
from typing import Annotated

import typer

from tatl_search.cli.options import messages, path_of
from tatl_search.errors import InputError, StorageError


def fetch(
    source: Annotated[
        str,
        typer.Argument(metavar="SOURCE", help="A sweep's folder, or its URI such as s3://.."),
    ],
    folder: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="Where to; sweeps/ and its name otherwise.",
            parser=path_of("FOLDER"),
        ),
    ] = None,
    front: Annotated[
        bool,
        typer.Option(
            "--front", metavar="", help="Of the networks, only the front and the unpruned."
        ),
    ] = False,
) -> None:
    """Bring a sweep's folder home, so that its front can be looked at, picked from and exported.

    Also while the sweep runs, and again later: only what is new or was cut off is copied. Stored
    networks are checked against their checksums.

    ```
    tatl-search fetch /shared/sweeps/my-task
    tatl-search fetch s3://bucket/sweeps/my-task sweeps/mine --front
    ```
    """
    from tatl_search.deploy.fetch import fetch_sweep
    from tatl_search.deploy.source import Source
    from tatl_search.manifest import SweepFolder
    from tatl_search.search.lock import is_driven

    found = Source.at(source)
    folder = Path("sweeps", found.name) if folder is None else folder
    if is_driven(SweepFolder(folder)):
        raise InputError(f"{folder} is running; what is fetched would take its files' place")
    with messages.status(f"looking at {found}") as status:
        fetched = fetch_sweep(found, folder, front, lambda text: status.update(text))
    messages.print(
        f"{folder}: {fetched.copied} files copied ({fetched.size_bytes / 1e6:.1f} MB),"
        f" {fetched.kept} were here"
    )
    if fetched.damaged:
        raise StorageError(
            f"{len(fetched.damaged)} stored networks do not match their checksums and were left"
            f" out: {', '.join(fetched.damaged)}. `tatl-search resume` computes them again where"
            " the sweep runs."
        )
    messages.print(f"next: tatl-search front {folder}")
