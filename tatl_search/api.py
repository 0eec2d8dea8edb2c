"""The product from Python, in the same words as at the command line.

The examples tell one story: run in this order, each builds on those before.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tatl_search.deploy.destination import free_destination
from tatl_search.deploy.grounds import Grounds
from tatl_search.deploy.pick import Choice, Name, choose, named
from tatl_search.deploy.request import PickRequest
from tatl_search.errors import InputError, RunError
from tatl_search.paths import user_path
from tatl_search.records import CandidateRecord
from tatl_search.results.decided import Decided, decided
from tatl_search.results.latency import latencies
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.results.words import interval
from tatl_search.space import SearchSpace, Written, load_space, space_from_raw

if TYPE_CHECKING:
    from tatl_search.deploy.finish import Finished
    from tatl_search.results.judgement import Judgement

__all__ = ["adapt", "finish", "judge", "load_sweep", "pick", "sweep"]

# Torch and Ray take seconds to import, and who only picks needs neither: each function imports
# what it runs.

Space = Path | str | Mapping[str, Any]
"""A YAML file, the name of one of ours, what such a file would hold, or, for a sweep, a folder of
images."""


def adapt(
    settings: Space,
    folder: Path | str,
    overrides: Sequence[str] = (),
    listener: Callable[[CandidateRecord], None] = lambda _: None,
) -> SweepResults:
    """Run one adaptation on this machine and return its trajectory.

    Args:
        settings: settings without distributions.
        folder: where everything is stored; must not exist.
        overrides: as in `--set`, such as `finetune.epochs=2`.
        listener: called with every candidate as soon as it is stored.

    Raises:
        InputError: settings, data or network cannot be used.

    Example:
        >>> import tatl_search
        >>> settings = {
        ...     "data": {"source": "digits", "image_size": 32, "per_class": 10},
        ...     "finetune": {"epochs": 2},
        ...     "stop": {"max_rounds": 1},
        ...     "wandb": {"mode": "disabled"},
        ... }
        >>> results = tatl_search.adapt(settings, "sweeps/first")
        >>> [candidate.round for candidate in results.candidates]
        [0, 1]
        >>> results.candidates[1].macs < results.candidates[0].macs
        True
    """
    from tatl_search.search.single import adapt_once

    where = _path(folder, "folder")
    adapt_once(_settings(settings, overrides), where, listener)
    return load_sweep(where)


def sweep(
    space: Space,
    folder: Path | str,
    overrides: Sequence[str] = (),
    address: str | None = None,
) -> SweepResults:
    """Run a sweep and return what it found.

    Args:
        space: a search space, or a folder of images. Where nothing is said of how networks are
            adapted, that follows from the images.
        folder: the sweep's folder; must not exist.
        overrides: as in `--set`.
        address: of a running Ray cluster; null uses this machine.

    Raises:
        InputError: space, data or network cannot be used.
        RunError: the sweep failed; `tatl-search resume` goes on with it.

    Example:
        >>> import tatl_search
        >>> space = {
        ...     "sweep": {"trials": 2, "collapse_accuracy": 0.0},
        ...     "data": {"source": "digits", "image_size": 32, "per_class": 10},
        ...     "finetune": {"epochs": 2},
        ...     "prune": {"rate": {"low": 0.2, "high": 0.4, "step": 0.1}},
        ...     "stop": {"max_rounds": 1},
        ...     "wandb": {"mode": "disabled"},
        ... }
        >>> results = tatl_search.sweep(space, "sweeps/second")
        >>> sorted({candidate.trial for candidate in results.candidates})
        [0, 1]
    """
    from tatl_search.search.sweep import launch

    where = _path(folder, "folder")
    launch(_search_space(space, overrides), where, lambda _report, _snapshot: None, address)
    return load_sweep(where)


def pick(
    sweep: SweepResults | Path | str,
    request: PickRequest | None = None,
    export: Path | str | None = None,
    candidate: Name | None = None,
    formats: Sequence[str] = (),
) -> Choice:
    """Pick a network of a sweep, and export it if asked.

    Args:
        sweep: a sweep or its folder.
        request: bounds it must satisfy and what is preferred; without any, the knee of the front
            is picked.
        export: folder to write; must not exist.
        candidate: trial and round of the one network that is meant, or its label, as in
            `input 32 px`; nothing else decides then.
        formats: names of export formats besides ONNX and `model.pt2`.

    Raises:
        InputError: nothing satisfies the request; the message says what is closest. Or latency
            counts and was not measured.
        RunError: a proof of the export failed.

    Example:
        >>> import tatl_search
        >>> request = tatl_search.PickRequest(max_macs=6_000_000)
        >>> choice = tatl_search.pick("sweeps/first", request, export="my-network")
        >>> choice.candidate.label
        'trial 0 round 1'
    """
    destination = None if export is None else free_destination(_path(export, "export"))
    results = _results(sweep)
    if not results.candidates:
        raise InputError(f"{results.folder.root} holds no candidates yet")
    if results.unpruned is None:
        raise InputError(
            f"{results.folder.root}: the unpruned network, which choices are measured against, is"
            " not trained yet; wait for it, or go on with the sweep: tatl-search resume"
        )
    request, known = request or PickRequest(), None
    if request.needs_latency or request.device is not None:
        known = latencies(results.folder, results.candidates, request.device)
    found = decided(results)
    grounds = Grounds(found.goals, known, found.variance)
    if candidate is None:
        choice = choose(found.rows, _row_of(found.rows, results.unpruned), request, grounds)
    else:
        choice = named(found.rows, candidate, grounds)
    picked = _row_of(results.candidates, choice.candidate)
    notes = (*choice.notes, *_confirmed(found, choice))
    choice = replace(choice, candidate=picked, interval=interval(picked), notes=notes)
    if destination is not None:
        from tatl_search.deploy.ship import ship

        ship(results, choice, destination, formats)
    return choice


def judge(sweep: SweepResults | Path | str) -> "Judgement":
    """Measure a sweep's front on the test split, and return how far validation flattered it.

    What was judged before is not measured again; each opening of the test split is logged in the
    sweep's folder, and a repeat warns.

    Args:
        sweep: a finished sweep or its folder.

    Returns:
        Log area and area on validation and on test images; their difference is the bias of
        selection.

    Raises:
        InputError: it is running, or holds no candidates yet.
        RunError: networks could not be judged; those that could are kept.

    Example:
        >>> import tatl_search
        >>> judgement = tatl_search.judge("sweeps/second")
        >>> judgement.log_area.bias == judgement.log_area.validation - judgement.log_area.test
        True
    """
    from tatl_search.results.judgement import judgement_of
    from tatl_search.search.judging import judge as judge_sweep

    results = _results(sweep)
    if failures := judge_sweep(results, lambda _: None):
        raise RunError("not judged: " + "; ".join(failures))
    judgement = judgement_of(load_sweep(results.folder.root))
    assert judgement is not None  # there are candidates, and all that could not be judged are told
    return judgement


def finish(
    sweep: SweepResults | Path | str,
    epochs: int,
    candidate: Name | None = None,
    export: Path | str | None = None,
    *,
    with_validation: bool = False,
    distil: bool = False,
    formats: Sequence[str] = (),
) -> "Finished":
    """Train a network of a sweep further, and export it if asked; what was trained is stored.

    Args:
        sweep: a sweep or its folder.
        epochs: over all images.
        candidate: trial and round of the network, or its label; null for the knee of the front.
        export: folder to write; must not exist.
        with_validation: whether it learns the validation images too; only the test split judges
            it then.
        distil: whether it follows the outputs of the sweep's most accurate network.
        formats: names of export formats besides ONNX and `model.pt2`.

    Raises:
        InputError: there is no such network, or its data is not what it was trained on.
        InfeasibleError: training diverged or memory ran out.
        RunError: there is no GPU where the sweep had one, or a proof of the export failed.

    Example:
        >>> import tatl_search
        >>> finished = tatl_search.finish("sweeps/first", epochs=1, candidate=(0, 1))
        >>> finished.after.macs == finished.before.macs
        True
    """
    from tatl_search.deploy.finish import FinishRequest
    from tatl_search.deploy.finish import finish as train_further

    destination = None if export is None else free_destination(_path(export, "export"))
    results = _results(sweep)
    choice = pick(results, candidate=candidate)
    request = FinishRequest(epochs, with_validation, distil)
    finished = train_further(results, choice.candidate, request, lambda _: None)
    if destination is not None:
        from tatl_search.deploy.ship import ship

        ship(results, finished.choice(choice), destination, formats)
    return finished


def _row_of(rows: Sequence[CandidateRecord], row: CandidateRecord) -> CandidateRecord:
    """Return the row of the same network among others."""
    place = (row.trial, row.round, row.label)
    return next(other for other in rows if (other.trial, other.round, other.label) == place)


def _confirmed(found: Decided, choice: Choice) -> tuple[str, ...]:
    """Return what fresh seeds told of the choice."""
    if not found.seeds:
        return ()
    quality, seeds = found.goals.quality, found.seeds.get(choice.candidate.stage)
    reached = f"{quality.of(choice.candidate):.4f}"
    if seeds is None:
        return (
            f"it was not run from fresh seeds: its {quality.name} counted as {reached}, less what"
            " those that were had by luck",
        )
    return (f"its {quality.name} counted as {reached}, the mean over {seeds} fresh seeds",)


def _settings(settings: Space, overrides: Sequence[str]) -> SearchSpace:
    if isinstance(settings, Mapping):
        return space_from_raw(settings, overrides)
    from tatl_search.newcomer.opening import settings_file

    return load_space(settings_file(str(settings)), overrides)


def _search_space(space: Space, overrides: Sequence[str]) -> SearchSpace:
    from tatl_search.newcomer.opening import completed, written

    if isinstance(space, Mapping):
        return completed(Written.of_raw(space, overrides)).space
    return completed(written(str(space), overrides)).space


def _results(sweep: SweepResults | Path | str) -> SweepResults:
    return sweep if isinstance(sweep, SweepResults) else load_sweep(_path(sweep, "sweep"))


def _path(place: Path | str, name: str) -> Path:
    return user_path(place, name) if isinstance(place, str) else place
