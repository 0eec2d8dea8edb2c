"""Whether a sampler can search a space at all, told before anything runs."""

from collections.abc import Iterator, Mapping

from tatl_search.config import SAMPLERS, SweepSettings
from tatl_search.config.samplers import GRID
from tatl_search.space.distributions import Choices, Distribution, Range, Section, distributions
from tatl_search.space.faults import Faults
from tatl_search.space.grid import MOST_POINTS, grid, has_steps


def check_fit(section: Section, sweep: SweepSettings, place: str, faults: Faults) -> None:
    """Note what keeps a sweep's sampler from searching a space.

    Args:
        section: the space.
        sweep: how it is searched.
        place: of the sweep's settings in the file.
        faults: where faults are noted.
    """
    if not SAMPLERS[sweep.sampler].learns_conditional:
        for found in _conditional(section):
            text = f"sampler {sweep.sampler} cannot learn a setting that applies only with"
            faults.add(
                found.place, found.name, f"{text} a certain choice; tpe, nsga2 and nsga3 can"
            )
    elif sweep.sampler == GRID:
        _check_grid(section, sweep, place, faults)
    if sweep.promote:
        _check_rungs(section, sweep, place, faults)


def _check_rungs(section: Section, sweep: SweepSettings, place: str, faults: Faults) -> None:
    """Note what keeps trials from going on where others stopped."""
    finish = section.get("finish", {})
    if not isinstance(finish.get("pieces"), Range):
        text = "promote needs the lengths that trials may have: finish.pieces: {low: .., high: ..}"
        faults.add(place, "sweep.promote", text)
    epochs = finish.get("epochs", 0)
    if not isinstance(epochs, int) or epochs == 0:
        text = "promote needs pieces of one length: give finish.epochs a value of 1 or more"
        faults.add(place, "sweep.promote", text)
    if SAMPLERS[sweep.sampler].counts_trials:
        text = f"{sweep.sampler} counts its trials, and none of them goes on; choose another"
        faults.add(place, "sweep.sampler", f"{text} sampler, or leave sweep.promote out")


def _check_grid(section: Section, sweep: SweepSettings, place: str, faults: Faults) -> None:
    endless = [
        found
        for found in distributions(section)
        if isinstance(found, Range) and not has_steps(found)
    ]
    for found in endless:
        faults.add(found.place, found.name, "a grid needs steps here: add step:, or list choices")
    if endless:
        return
    points = len(grid(section))
    if points > MOST_POINTS:
        text = (
            f"the grid has more than {MOST_POINTS:,} points; take fewer steps, or another sampler"
        )
        faults.add(place, "sweep.sampler", text)
    elif sweep.trials > points:
        text = f"the grid has {points} points (got {sweep.trials}); set it to {points} or less"
        faults.add(place, "sweep.trials", text)


def _conditional(section: Section) -> Iterator[Distribution]:
    """Yield the distributions that stand below a choice."""
    for entry in section.values():
        if isinstance(entry, Choices):
            for branch in entry.branches.values():
                yield from distributions(branch)
        elif isinstance(entry, Mapping):
            yield from _conditional(entry)
