"""What the report's script works from, as compact JSON values: columns and shared parts once.

5,000 candidates have to load in a moment, so what rows have in common (settings, layers, names)
is embedded once and referred to by its place.
"""

import math
import shlex
from collections.abc import Mapping, Sequence
from typing import Any

from tatl_search.config import plain_settings
from tatl_search.figures import Figure, Interval
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.axes import axes
from tatl_search.results.front import front_of, within_bounds
from tatl_search.results.history import history
from tatl_search.results.judgement import judgement_of
from tatl_search.results.layers import layers_of
from tatl_search.results.store import SweepResults
from tatl_search.results.style import highest_shown, lowest_shown
from tatl_search.results.words import interval

Path = tuple[str, ...]

_ABSENT = object()


def payload(results: SweepResults) -> dict[str, Any]:
    """Return everything that the report's script draws, as JSON values."""
    front = front_of(results)
    rows = results.candidates
    place = {id(row): index for index, row in enumerate(rows)}
    stages = _places([row.stage for row in rows])
    settings = _places([row.settings for row in rows])
    columns = {
        **_columns(results, rows),
        "stage": [stages[row.stage] for row in rows],
        "settings": [settings[row.settings] for row in rows],
    }
    lowest = lowest_shown(results)
    return {
        "sweep": shlex.quote(str(results.folder.root)),
        "axes": [
            {
                "key": axis.figure.key, "name": axis.figure.name, "title": axis.figure.title,
                "unit": axis.figure.unit,
                "higher": axis.figure.higher_is_better, "values": _compact(axis.values(rows)),
                "intervals": _intervals(axis.figure, rows),
            }
            for axis in axes(results)
        ],
        "across": front.goals.cost.key,
        "upwards": front.goals.quality.key,
        "objectives": [figure.key for figure in front.goals.objectives],
        "quality_shown": [lowest, highest_shown(lowest)],
        "reference": {o.key: cost for o, cost in results.manifest.reference.items()},
        "columns": columns,
        "knee": place.get(id(front.knee)),
        "unpruned": place.get(id(results.unpruned)),
        "settings": _settings(list(settings), _drawn(rows)),
        "layers": _layers(results, list(stages)),
        "history": [_compact(step, 6) for step in history(results)],
    }  # fmt: skip


def _columns(results: SweepResults, rows: Sequence[CandidateRecord]) -> dict[str, Any]:
    bounded = results.manifest.sweep.bounds.given
    kept = {id(row) for row in within_bounds(results.manifest, rows)}
    return {
        "label": [row.label for row in rows],
        "baseline": [int(row.kind is Kind.BASELINE) for row in rows],
        "trial": [row.trial for row in rows],
        "round": [row.round for row in rows],
        "network": [f"{row.network}, {row.image_size} px" for row in rows],
        "images": [row.images_trained for row in rows],
        "saved": [row.images_without_reuse - row.images_trained for row in rows],
        "seconds": _compact([row.seconds for row in rows], 1),
        "pruned": [row.units_pruned for row in rows],
        "left": [row.units_left for row in rows],
        "ended": [row.stop_reason for row in rows],
        "test": _on_test(results, rows),
        "beyond": [int(id(row) not in kept) for row in rows] if bounded else [],
    }


def _drawn(rows: Sequence[CandidateRecord]) -> int:
    """Return how many different settings trials had."""
    return len({row.settings for row in rows if row.trial is not None})


def _on_test(results: SweepResults, rows: Sequence[CandidateRecord]) -> list[list[float] | None]:
    """Return each row's accuracy on test images with its interval; nothing before it was judged."""
    judgement = judgement_of(results)
    if judgement is None:
        return []
    found = [judgement.accuracy_of(row) for row in rows]
    return [
        None if one is None else [round(x, 4) for x in (one.accuracy, one.low, one.high)]
        for one in found
    ]


def _intervals(figure: Figure, rows: Sequence[CandidateRecord]) -> list[list[float | None]] | None:
    """Return the 95 % interval of each row; null where the figure has none."""
    if figure.interval is Interval.NONE:
        return None
    return [_compact(interval(row, figure) or (), 4) for row in rows]


def _places(items: Sequence[str]) -> dict[str, int]:
    """Return each item once, with its place in the order of first appearance."""
    return {item: place for place, item in enumerate(dict.fromkeys(items))}


def _compact(values: Sequence[float | None], digits: int = 10) -> list[float | None]:
    """Return rounded numbers, null for what JSON has no number for.

    Ten digits are what `pick` tells accuracies apart by.
    """
    return [
        value if value is None or isinstance(value, int)
        else round(value, digits) if math.isfinite(value)
        else None
        for value in values
    ]  # fmt: skip


def _settings(stored: Sequence[str], of_trials: int) -> dict[str, Any]:
    """Return what all settings have in common, and for each the leaves in which they differ.

    Args:
        stored: different settings, as JSON; those of trials first.
        of_trials: how many of them trials have. Only where these differ was searched: baselines
            have a network or an image size of their own.
    """
    leaves = [dict(_leaves((), plain_settings(settings))) for settings in stored]
    paths = dict.fromkeys(path for own in leaves for path in own)
    varied = {path: place for place, path in enumerate(p for p in paths if _differs(p, leaves))}
    return {
        "paths": list(varied),
        "told": [varied[path] for path in varied if _differs(path, leaves[:of_trials])],
        "common": [[path, leaves[0][path]] for path in paths if path not in varied],
        "own": [{varied[path]: own[path] for path in own if path in varied} for own in leaves],
    }


def _differs(path: Path, settings: Sequence[Mapping[Path, Any]]) -> bool:
    """Return whether a leaf's value, or that it is there, is not the same everywhere."""
    values = [own.get(path, _ABSENT) for own in settings]
    return any(value != values[0] for value in values)


def _leaves(path: Path, node: Any) -> list[tuple[Path, Any]]:
    if not isinstance(node, Mapping) or not node:
        return [(path, node)]
    return [leaf for key, below in node.items() for leaf in _leaves((*path, str(key)), below)]


def _layers(results: SweepResults, stages: Sequence[str]) -> dict[str, Any]:
    found = layers_of(results, stages)
    return {
        "layouts": [layout._asdict() for layout in found.layouts],
        "widths": [
            [found.widths[stage][0], *found.widths[stage][1]] if stage in found.widths else None
            for stage in stages
        ],
    }
