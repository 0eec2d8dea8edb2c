"""How far a sweep is, what it found and what it cost."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from tatl_search.figures import FIGURES
from tatl_search.records import TrialState
from tatl_search.results.confirmation import stored_confirmations
from tatl_search.results.front import Front, figures_json, front_of, within_bounds
from tatl_search.results.store import SweepResults
from tatl_search.results.words import percent, written, written_with_name
from tatl_search.results.work import Work, work_of


def sweep_status(results: SweepResults, running: bool) -> dict[str, Any]:
    """Return the state of a sweep as JSON values.

    Args:
        results: the sweep as it is now.
        running: whether a driver holds it.
    """
    front = front_of(results)
    infeasible = [t.infeasible_reason for t in results.trials if t.state is TrialState.INFEASIBLE]
    return {
        "sweep": results.manifest.name,
        "running": running,
        "trials_wanted": results.manifest.sweep.trials,
        "trials": len(results.trials),
        "ended_by": results.ended_by,
        "paused": results.paused,
        "stopped_early": sum(t.state is TrialState.STOPPED for t in results.trials),
        "infeasible": dict(Counter(str(reason) for reason in infeasible)),
        "candidates": len(results.candidates),
        "on_front": len(front.distinct()),
        "bounds": dict(results.manifest.sweep.bounds.given),
        "within_bounds": len(within_bounds(results.manifest, front.distinct())),
        "unpruned_accuracy": None if results.unpruned is None else results.unpruned.accuracy,
        "best_accuracy": max((row.accuracy for row in results.candidates), default=None),
        "quality": front.goals.quality.key,
        "cost": front.goals.cost.key,
        "knee": _knee(front),
        "log_area": front.log_area,
        "area": front.area,
        "hypervolume": front.hypervolume,
        **work_of(results).to_dict(),
        "images_wanted": results.manifest.sweep.budget.to_search,
        "images_forward": results.images_forward,
        "images_saved": results.images_saved,
        "images_confirming": sum(
            row.images_trained for row in stored_confirmations(results.folder)
        ),
        "seconds": results.seconds,
    }


def status_text(status: Mapping[str, Any]) -> str:
    """Return the state of a sweep in words, one thing a line."""
    state = "running" if status["running"] else "not running"
    unfinished = status["trials"] < status["trials_wanted"] and not status["ended_by"]
    lines = [
        f"{status['sweep']}: {state}, {status['trials']} of {status['trials_wanted']} trials ended"
        + ("; go on with `tatl-search resume`" if unfinished and not status["running"] else ""),
        *(f"ended by its {used_up}" for used_up in [status["ended_by"]] if used_up),
        *(f"paused: {why}" for why in [status["paused"]] if why),
        *(f"  {n} stopped early" for n in [status["stopped_early"]] if n),
        *(f"  {count} infeasible: {why}" for why, count in status["infeasible"].items()),
        f"{status['candidates']} candidates, {_networks(status['on_front'])} on the front,"
        f" log area {status['log_area']:.4f}, area {status['area']:.4f},"
        f" hypervolume {status['hypervolume']:.4f}",
        *(f"{status['within_bounds']} of them keep to the bounds" for _ in [0] if status["bounds"]),
        *_accuracy_lines(status),
        _work(status).text(_of(status["images_wanted"])),
        f"{status['images_forward']:,} images forward only, {status['images_saved']:,} saved by"
        f" reuse, {status['seconds']:,.0f} s of work",
        *(f"{n:,} images trained to confirm" for n in [status["images_confirming"]] if n),
    ]
    return "\n".join(lines)


def _of(wanted: int | None) -> str:
    return "" if wanted is None else f" of {wanted:,}"


def _work(status: Mapping[str, Any]) -> Work:
    return Work(*(status[name] for name in ("images_trained", "full_images", "wall_seconds")))


def _networks(count: int) -> str:
    return "1 network" if count == 1 else f"{count} networks"


def _knee(front: Front) -> dict[str, Any] | None:
    if front.knee is None:
        return None
    return {
        "label": front.knee.label,
        "trial": front.knee.trial,
        "round": front.knee.round,
        **figures_json(front.knee),
    }


def _accuracy_lines(status: Mapping[str, Any]) -> list[str]:
    knee = status["knee"]
    if knee is None:
        return []
    quality, cost = FIGURES[status["quality"]], FIGURES[status["cost"]]
    known = {"best": status["best_accuracy"], "unpruned": status["unpruned_accuracy"]}
    told = ", ".join(f"{name} {percent(share)}" for name, share in known.items() if share)
    return [
        f"validation accuracy: {told}",
        f"knee: {knee['label']},"
        f" {written(knee[quality.key], quality)} at {written_with_name(knee[cost.key], cost)}",
    ]
