"""Verbs that run things: sweep, resume, status, adapt, validate."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tatl_search.cli.options import (
    SWEEPS,
    Address,
    AsJson,
    Name,
    Overrides,
    SpaceName,
    Storage,
    StorageOrUri,
    SweepPath,
    SweepPathOrUri,
    console,
    messages,
    new_folder_in,
    new_sweep_in,
    print_json,
)
from tatl_search.errors import InputError, RunError
from tatl_search.paths import user_path
from tatl_search.remote.uri import is_uri

if TYPE_CHECKING:
    from tatl_search.newcomer.opening import Opened
    from tatl_search.space import SearchSpace

# Torch and Ray take seconds to import: each verb imports what it needs when it is called.


def sweep(
    space: SpaceName,
    overrides: Overrides = None,
    storage: StorageOrUri = str(SWEEPS),
    name: Name = None,
    address: Address = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", metavar="", help="Only estimate images, time and disk."),
    ] = False,
    go_on: Annotated[
        bool,
        typer.Option("--resume", metavar="", help="If it exists, go on with it as it was begun."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search for the networks that fit your images best.

    Runs many adaptations in parallel, each pruning the pre-trained network for your images in
    rounds, and records every round's network. Ctrl-C ends it cleanly; `resume` goes on.
    `--dry-run` checks data and networks and tells what it would cost. With a URI as `--storage`
    the sweep's folder lies in `sweeps/`, and all but its lock also behind the URI.

    Of a folder of images, or a file that says nothing of how networks are adapted, the images
    decide what is searched: `tatl-search init` writes that out.

    ```
    tatl-search sweep quickstart
    tatl-search sweep ./images
    tatl-search sweep my_task.yaml --dry-run
    ```
    """
    began = time.monotonic()
    from tatl_search.newcomer.opening import open_space

    folder, uri = new_sweep_in(storage, name, space)
    if go_on and not dry_run and (begun := _begun(folder, uri)):
        resume(begun, address, as_json)
        return
    loaded = _opened(open_space(space, overrides or []), space)
    if dry_run:
        _estimate(loaded, folder, uri, go_on, as_json)
        return
    from tatl_search.cli.progress import ProgressDisplay
    from tatl_search.manifest import check_new
    from tatl_search.search.early import early_cluster

    check_new(folder)
    messages.print(f"sweep {folder}: {loaded.sweep.trials} trials; checking data and network")
    with early_cluster(address, loaded.raw), ProgressDisplay(messages) as display:
        from tatl_search.search.sweep import launch

        end = launch(loaded, folder, display.hear, address, uri, began)
    _finish(folder, end.complete, end.notes, as_json, address)


def _opened(found: "Opened", named: str) -> "SearchSpace":
    """Return a search space, and say what was seen of the images if it follows from them."""
    if found.facts is not None:
        from tatl_search.newcomer.words import summary

        messages.print(f"{summary(found.facts)}; what is searched: tatl-search init {named}")
    return found.space


def _estimate(
    space: "SearchSpace", folder: Path, uri: str | None, go_on: bool, as_json: bool
) -> None:
    """Print what a sweep would cost; what the sweep would refuse is refused."""
    from tatl_search.manifest import check_new
    from tatl_search.search.environment import usable_cpus
    from tatl_search.search.estimate import estimate_sweep
    from tatl_search.search.home import check_free

    if not go_on:
        check_new(folder)
        if uri is not None:
            check_free(uri)
    estimate = estimate_sweep(space, usable_cpus())
    print_json(estimate.to_dict()) if as_json else console.print(str(estimate))


def resume(sweep: SweepPathOrUri, address: Address = None, as_json: AsJson = False) -> None:
    """Go on with a sweep that was interrupted, losing and doubling nothing.

    Works after Ctrl-C, after a crash and after a lost machine; give the folder, not the YAML.
    Where the folder is lost too, give the URI that it was launched with.

    ```
    tatl-search resume sweeps/quickstart
    tatl-search resume /shared/sweeps/mine --address auto
    ```
    """
    began = time.monotonic()
    from tatl_search.cli.progress import ProgressDisplay
    from tatl_search.search.sweep import resume as go_on

    if is_uri(sweep):
        from tatl_search.search.home import brought_home

        folder = brought_home(sweep, SWEEPS)
    else:
        folder = user_path(sweep, "SWEEP")
    with ProgressDisplay(messages) as display:
        end = go_on(folder, display.hear, address, began)
    _finish(folder, end.complete, end.notes, as_json, address)


def adapt(
    settings: SpaceName,
    overrides: Overrides = None,
    storage: Storage = SWEEPS,
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Run one adaptation on this machine, without a cluster and without a search.

    The file must hold no distributions: `--set` can fix them. The result reads like a sweep of
    one trial: `front` and `pick` work on it.

    ```
    tatl-search adapt single_run --set prune.rate=0.4
    ```
    """
    from tatl_search.newcomer.opening import settings_file
    from tatl_search.space import load_space

    loaded = load_space(settings_file(settings), overrides or [])
    folder = new_folder_in(storage, name, settings)
    from tatl_search.cli.training import TrainingDisplay
    from tatl_search.search.single import adapt_once

    try:
        with TrainingDisplay(messages) as display:
            ended = adapt_once(
                loaded,
                folder,
                lambda record: messages.print(
                    f"round {record.round}: accuracy {record.accuracy:.3f},"
                    f" {record.macs / 1e6:.2f} M MACs"
                ),
                display.hear,
            )
    except KeyboardInterrupt:
        if folder.exists():
            raise _interrupted(folder) from None
        raise  # nothing was started
    _show(folder, as_json)
    if ended.infeasible_reason:
        raise RunError(f"{ended.infeasible_reason}: {ended.detail}")
    messages.print(f"ended: {ended.stop_reason}")


def status(
    sweep: SweepPath,
    watch: Annotated[
        bool,
        typer.Option("--watch", metavar="", help="Follow it with its front until it ends."),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Show how far a sweep is, what it found and what it cost; also while it runs.

    ```
    tatl-search status sweeps/quickstart
    tatl-search status sweeps/quickstart --watch
    ```
    """
    from tatl_search.manifest import SweepFolder
    from tatl_search.results.status import status_text, sweep_status
    from tatl_search.results.store import SweepReader, SweepResults
    from tatl_search.search.lock import is_driven

    reader = SweepReader(sweep)

    def look() -> tuple[SweepResults, bool]:
        running = is_driven(SweepFolder(sweep))  # asked first: the last rows come before its end
        return reader.read(), running

    if watch and as_json:
        raise InputError("--watch is for people and --json for programs; leave one away")
    if watch:
        from tatl_search.cli.watching import watch as follow

        follow(look, console)
        return
    known = sweep_status(*look())
    print_json(known) if as_json else console.print(status_text(known))


def validate(
    spaces: Annotated[
        list[str],
        typer.Argument(metavar="SPACE...", help="YAML files, folders of images, names of ours."),
    ],
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Check search spaces and show what they search; names every fault with its line.

    Whether their methods have what they need is checked too.

    Networks are not opened, and images only where what is searched follows from them:
    `sweep --dry-run` does that.

    ```
    tatl-search validate my_task.yaml --set prune.rate=0.3
    ```
    """
    from tatl_search.newcomer.opening import Opened, open_space
    from tatl_search.newcomer.words import summary
    from tatl_search.search.method_checks import check_methods

    found: dict[str, Opened] = {}
    faults: list[str] = []
    for named in spaces:
        try:
            found[named] = open_space(named, overrides or [])
            check_methods(found[named].space)
        except InputError as error:
            faults.append(str(error))
    if faults:
        raise InputError("\n".join(faults))
    if as_json:
        searched = {name: opened.space.parameters for name, opened in found.items()}
        print_json({name: [setting for setting, _ in every] for name, every in searched.items()})
        return
    for name, opened in found.items():
        console.print(f"{name}: {len(opened.space.parameters)} searched settings")
        if opened.facts is not None:
            console.print(f"  from the images: {summary(opened.facts)}")
        for setting, distribution in opened.space.parameters:
            console.print(f"  {setting}: {distribution}")


def _begun(folder: Path, uri: str | None) -> str | None:
    """Return where a sweep is found that was begun before; null for none."""
    from tatl_search.manifest import FILE_NAME
    from tatl_search.remote.place import Place

    if (folder / FILE_NAME).exists():
        return str(folder)
    if uri is None:
        return None
    return uri if Place(uri).size(FILE_NAME) is not None else None


def _finish(
    folder: Path, complete: bool, notes: tuple[str, ...], as_json: bool, address: str | None
) -> None:
    for note in notes:
        messages.print(note)
    _show(folder, as_json)
    if not complete:
        raise _interrupted(folder, address)
    messages.print(f"next: tatl-search pick {folder} --export my-network")


def _interrupted(folder: Path, address: str | None = None) -> RunError:
    from tatl_search.manifest import resume_command

    return RunError(f"interrupted; go on with: {resume_command(folder, address)}")


def _show(folder: Path, as_json: bool) -> None:
    """Print the front and say where everything lies."""
    from tatl_search.results.front_json import front_json
    from tatl_search.results.store import load_sweep
    from tatl_search.results.table import front_table

    results = load_sweep(folder)
    if as_json:
        print_json(front_json(results, all_candidates=False))
    if not results.candidates:
        return
    if not as_json:
        console.print(front_table(results))
    messages.print(
        f"{results.images_trained:,} images trained, {results.images_forward:,} forward only,"
        f" {results.images_saved:,} saved by reuse"
    )
    messages.print(f"look at {folder / 'front.png'} and {folder / 'report.html'}")
