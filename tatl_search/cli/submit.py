"""The verb that sends a sweep to a cluster elsewhere."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tatl_search.cli.options import Overrides, SpaceName, messages, new_folder_in
from tatl_search.errors import RunError

if TYPE_CHECKING:
    from tatl_search.search.jobs import Cluster, SweepJob

NOT_FOUND = 127
"""What a shell says of a command that is not there."""


def submit(
    space: SpaceName,
    address: Annotated[
        str, typer.Option(help="URL of the cluster's dashboard, such as http://127.0.0.1:8265.")
    ],
    storage: Annotated[
        str, typer.Option(help="Whole path of a folder that all its nodes see, or a URI.")
    ],
    overrides: Overrides = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the sweep's folder there; the file's otherwise.")
    ] = None,
    detach: Annotated[
        bool, typer.Option("--detach", metavar="", help="Do not wait for its end.")
    ] = False,
) -> None:
    """Run a sweep on a Ray cluster elsewhere, and follow it from here.

    Sends the settings, the code that git tracks if this is a checkout, and that of a network of
    your own; the packages they need are the cluster's. What follows from images is settled there,
    where they are. Prints what the sweep prints, its front at the end, and takes its exit code.
    Ctrl-C leaves it running. The same command follows it again while it runs, and goes on with it
    otherwise: then the stored settings count.

    The cluster's token is read from RAY_AUTH_TOKEN; keys such as WANDB_API_KEY belong into the
    cluster's own environment (docs/cluster.md).

    ```
    tatl-search submit my_task.yaml --address http://127.0.0.1:8265 --storage /shared/sweeps
    ```
    """
    from tatl_search.newcomer.opening import name_of, to_send

    raw = to_send(space, overrides or [])
    named = new_folder_in(Path(storage), name or name_of(space), space).name
    from tatl_search.search.jobs import Cluster, SweepJob

    job = SweepJob(storage, named)
    cluster = Cluster(address)
    job_id = cluster.running(job) or _hand_over(cluster, job, raw)
    look, stop = cluster.commands(job_id)
    messages.print(f"job {job_id} runs {job.folder}\nlook again: {look}\nstop it: {stop}")
    if not detach:
        _follow(cluster, job, job_id)


def _hand_over(cluster: "Cluster", job: "SweepJob", raw: Mapping[str, Any]) -> str:
    from tatl_search.search.parcel import pack

    with tempfile.TemporaryDirectory(prefix="tatl-search-") as folder:
        files = pack(raw, Path(folder))
        code = f"{files} files of code" if files else "the cluster's own code"
        messages.print(f"sending the settings, with {code}")
        return cluster.submit(job, Path(folder))


def _follow(cluster: "Cluster", job: "SweepJob", job_id: str) -> None:
    try:
        ended = cluster.follow(job_id, lambda text: typer.echo(text, nl=False))
    except KeyboardInterrupt:
        look, stop = cluster.commands(job_id)
        messages.print(f"\nit runs on; look again: {look}\nstop it: {stop}")
        raise typer.Exit(130) from None
    if ended.status == "SUCCEEDED":
        messages.print(f"bring it home from a machine that sees it: tatl-search fetch {job.folder}")
    elif ended.driver_exit_code == NOT_FOUND:
        raise RunError("the cluster has no tatl-search: install it where its nodes find it (PATH)")
    elif ended.driver_exit_code:
        raise typer.Exit(ended.driver_exit_code)
    else:
        why = " ".join((ended.message or "").split())
        raise RunError(f"job {job_id} ended as {ended.status.value}: {why} Submit again to go on.")
