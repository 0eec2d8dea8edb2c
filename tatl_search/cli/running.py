"""Verbs that run things: sweep, resume, status, adapt, validate."""

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from tatl_search.cli.options import (
    Address,
    AsJson,
    Name,
    Overrides,
    SpaceFile,
    Storage,
    SweepPath,
    console,
    messages,
    print_json,
)
from tatl_search.errors import RunError

# Torch and Ray take seconds to import: each verb imports what it needs when it is called.


def sweep(
    space: SpaceFile,
    overrides: Overrides = None,
    storage: Storage = Path("sweeps"),
    name: Name = None,
    address: Address = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only estimate images, time and disk.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Search for the networks that fit your images best.

    Runs many adaptations in parallel, each pruning the pre-trained network for your images in
    rounds, and records every round's network. Ctrl-C ends it cleanly; `resume` goes on.

    [dim]tatl-search sweep search_spaces/quickstart.yaml --set sweep.trials=20[/dim]
    """
    from tatl_search.space import load_space

    loaded = load_space(space, overrides or [])
    if dry_run:
        from tatl_search.search.estimate import estimate_sweep

        estimate = estimate_sweep(loaded, os.cpu_count() or 1)
        print_json(estimate.to_dict()) if as_json else console.print(str(estimate))
        return

    from tatl_search.cli.progress import ProgressDisplay
    from tatl_search.search.sweep import launch

    folder = storage / (name or default_name(space))
    messages.print(f"sweep {folder}: {loaded.sweep.trials} trials; checking data and network")
    with ProgressDisplay(messages) as display:
        end = launch(loaded, folder, display.hear, address)
    _finish(folder, end.complete, end.notes, as_json)


def resume(sweep: SweepPath, address: Address = None, as_json: AsJson = False) -> None:
    """Go on with a sweep that was interrupted, losing and doubling nothing.

    Works after Ctrl-C, after a crash and after a lost machine; give the folder, not the YAML.
    """
    from tatl_search.cli.progress import ProgressDisplay
    from tatl_search.search.sweep import resume as go_on

    with ProgressDisplay(messages) as display:
        end = go_on(sweep, display.hear, address)
    _finish(sweep, end.complete, end.notes, as_json)


def adapt(
    settings: SpaceFile,
    overrides: Overrides = None,
    storage: Storage = Path("sweeps"),
    name: Name = None,
    as_json: AsJson = False,
) -> None:
    """Run one adaptation on this machine, without a cluster and without a search.

    The file must hold no distributions: `--set` can fix them. The result reads like a sweep of
    one trial: `front` and `pick` work on it.
    """
    from tatl_search.search.single import adapt_once
    from tatl_search.space import load_space

    folder = storage / (name or default_name(settings))
    ended = adapt_once(
        load_space(settings, overrides or []),
        folder,
        lambda record: messages.print(
            f"round {record.round}: accuracy {record.accuracy:.3f}, {record.macs / 1e6:.2f} M MACs"
        ),
    )
    if ended["infeasible_reason"]:
        raise RunError(f"{ended['infeasible_reason']}: {ended['detail']}")
    messages.print(f"ended: {ended['stop_reason']}")
    _show(folder, as_json)


def status(sweep: SweepPath, as_json: AsJson = False) -> None:
    """Show how far a sweep is, what it found and what it cost; also while it runs."""
    from tatl_search.manifest import SweepFolder
    from tatl_search.results.status import status_text, sweep_status
    from tatl_search.results.store import load_sweep
    from tatl_search.search.lock import is_driven

    known = sweep_status(load_sweep(sweep), running=is_driven(SweepFolder(sweep)))
    print_json(known) if as_json else console.print(status_text(known))


def validate(
    spaces: Annotated[list[Path], typer.Argument(metavar="SPACE...", help="YAML files.")],
    overrides: Overrides = None,
    as_json: AsJson = False,
) -> None:
    """Check search spaces and show what they search; names every fault with its line."""
    from tatl_search.space import load_space

    found = {str(path): load_space(path, overrides or []) for path in spaces}
    if as_json:
        print_json({path: [name for name, _ in space.parameters] for path, space in found.items()})
        return
    for path, space in found.items():
        console.print(f"{path}: {len(space.parameters)} searched settings")
        for name, distribution in space.parameters:
            console.print(f"  {name}: {distribution}")


def default_name(space: Path) -> str:
    """Return the name of a new sweep: its file's, and the time."""
    return f"{space.stem}-{time.strftime('%Y%m%d-%H%M%S')}"


def _finish(folder: Path, complete: bool, notes: tuple[str, ...], as_json: bool) -> None:
    for note in notes:
        messages.print(note)
    _show(folder, as_json)
    if not complete:
        raise RunError(f"interrupted; go on with: tatl-search resume {folder}")
    messages.print(f"next: tatl-search pick {folder} --export my-network")


def _show(folder: Path, as_json: bool) -> None:
    """Print the front and say where everything lies."""
    from tatl_search.results.front import front_json
    from tatl_search.results.store import load_sweep
    from tatl_search.results.table import front_table

    results = load_sweep(folder)
    if not results.candidates:
        return
    print_json(front_json(results, all_candidates=False)) if as_json else console.print(
        front_table(results)
    )
    messages.print(
        f"{results.images_trained:,} images trained, {results.images_forward:,} forward only,"
        f" {results.images_saved:,} saved by reuse",
        highlight=False,
    )
    messages.print(f"look at {folder / 'front.png'} and {folder / 'report.html'}")
