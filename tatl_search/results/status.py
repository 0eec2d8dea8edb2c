"""How far a sweep is, from its rows alone."""

from typing import Any

from tatl_search.records import Kind, TrialState
from tatl_search.results.front import front_of
from tatl_search.results.store import SweepResults


def sweep_status(results: SweepResults, running: bool) -> dict[str, Any]:
    """Return where a sweep stands, as JSON values.

    Args:
        results: the sweep.
        running: whether a driver holds it at this moment.
    """
    front = front_of(results)
    infeasible = [trial for trial in results.trials if trial.state is TrialState.INFEASIBLE]
    wanted = results.manifest.sweep.trials
    return {
        "sweep": results.manifest.name,
        "state": _state(len(results.trials) >= wanted, running),
        "trials": len(results.trials),
        "trials_wanted": wanted,
        "infeasible": len(infeasible),
        "candidates": sum(row.kind is Kind.PRUNED for row in results.candidates),
        "best_accuracy": max((row.accuracy for row in results.candidates), default=None),
        "hypervolume": front.hypervolume,
        "area": front.area,
        "images_trained": results.images_trained,
        "images_forward": results.images_forward,
        "images_saved": results.images_saved,
        "seconds": results.seconds,
    }


def status_text(status: dict[str, Any]) -> str:
    """Return a status in words."""
    best = status["best_accuracy"]
    lines = [
        f"{status['sweep']}: {status['state']}",
        f"trials      {status['trials']} of {status['trials_wanted']} ended,"
        f" {status['infeasible']} of them infeasible",
        f"candidates  {status['candidates']}"
        + ("" if best is None else f", best accuracy {best:.4f}"),
        f"front       hypervolume {status['hypervolume']:.4f}, area {status['area']:.4f}",
        f"images      {status['images_trained']:,} trained, {status['images_forward']:,} forward"
        f" only, {status['images_saved']:,} saved by reuse",
        f"work        {status['seconds'] / 60:.1f} minutes, summed over workers",
    ]
    if status["state"] == "stopped":
        lines.append("not finished; go on with: tatl-search resume")
    return "\n".join(lines)


def _state(finished: bool, running: bool) -> str:
    if running:
        return "running"
    return "finished" if finished else "stopped"
