"""The front as JSON values, for programs and for W&B."""

from dataclasses import fields
from typing import Any

from tatl_search.core.accuracy import Accuracy
from tatl_search.core.constraints import keeps_to
from tatl_search.records import CandidateRecord
from tatl_search.results.front import figures_json, front_of
from tatl_search.results.judgement import judgement_of
from tatl_search.results.store import SweepResults
from tatl_search.results.work import work_of


def front_json(results: SweepResults, all_candidates: bool) -> dict[str, Any]:
    """Return the sweep's front as JSON values.

    Args:
        results: the sweep.
        all_candidates: all candidates of the trials, by trial and round; otherwise the front
            only, from large to small, each network once.
    """
    front = front_of(results)
    sure = {row.stage for row in front.sure()}
    every = zip(results.candidates, front.mask, strict=True)
    listed = every if all_candidates else [(row, True) for row in front.distinct()]
    unpruned, judgement = results.unpruned, judgement_of(results)
    bounds = results.manifest.sweep.bounds

    def figures(row: CandidateRecord) -> dict[str, Any]:
        on_test = {} if judgement is None else on_test_json(judgement.accuracy_of(row))
        return {**figures_json(row), **on_test}

    return {
        "sweep": results.manifest.name,
        "trials": len(results.trials),
        **work_of(results).to_dict(),
        "images_saved": results.images_saved,
        "images_forward": results.images_forward,
        "log_area": front.log_area,
        "area": front.area,
        "hypervolume": front.hypervolume,
        "lacking": front.lacking,
        "test": judgement and judgement.to_dict(),
        "unpruned": None if unpruned is None else figures(unpruned),
        "baselines": [{"label": row.label, **figures(row)} for row in results.baselines],
        "candidates": [
            {
                "label": row.label,
                "trial": row.trial,
                "round": row.round,
                **figures(row),
                "on_front": on,
                "sure": on and row.stage in sure,
                **({"within_bounds": keeps_to(bounds, row)} if bounds.given else {}),
            }
            for row, on in listed
        ],
    }


def on_test_json(found: Accuracy | None) -> dict[str, Any]:
    """Return an accuracy on test images, by key; null where it is not known."""
    return {
        f"test_{each.name}": None if found is None else getattr(found, each.name)
        for each in fields(Accuracy)
    }
