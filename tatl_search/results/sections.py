"""The parts of the report that need no script: importance, trials, cost, settings, environment."""

from collections import Counter
from collections.abc import Iterable, Sequence

from tatl_search.records import TrialRecord, TrialState
from tatl_search.results.front import front_of
from tatl_search.results.html import (
    bars,
    folded,
    paragraph,
    preformatted,
    row,
    section,
    table,
)
from tatl_search.results.importance import Importance
from tatl_search.results.judgement import Judgement, judgement_of
from tatl_search.results.store import SweepResults
from tatl_search.results.varied import flat, leaves, varied
from tatl_search.results.words import UNKNOWN, percent, written_out
from tatl_search.results.work import work_of


def importance_section(found: Importance) -> str:
    """Return how much each searched setting decided, with bars."""
    if found.shares:
        told = (
            f"How much each searched setting decided whether a trial's last network is among the"
            f" best {percent(found.best)} of {found.trials} trials, ranked by domination in the"
            " sweep's objectives (PED-ANOVA, Watanabe et al. 2023). Trials that were stopped are"
            " left out. It says that a setting matters, not which value is good."
        )
        body = paragraph(told) + bars(found.shares)
    else:
        body = paragraph(f"Too few trials to tell: {found.trials} ended with a known outcome.")
    return section("importance", "Importance of settings", body)


def trials_section(results: SweepResults) -> str:
    """Return how the trials ended; those that were stopped or led to nothing come first."""
    trials = results.trials
    keys = varied([trial.settings for trial in trials])
    early = [trial for trial in trials if trial.state is not TrialState.COMPLETE]
    complete = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    body = paragraph(_ended(results))
    if early:
        body += "<h3>Stopped early, or without a usable network</h3>" + _trials(early, keys)
    if complete:
        body += folded(f"{len(complete)} that ran to their end", _trials(complete, keys))
    return section("trials", "Trials", body)


def _ended(results: SweepResults) -> str:
    trials, wanted = results.trials, results.manifest.sweep.trials
    if not trials:
        return "No trial has ended yet."
    counts = Counter(map(_reason, trials)).most_common()
    told = f"{len(trials)} of {wanted} trials ended: "
    told += ", ".join(f"{count} {why}" for why, count in counts) + "."
    return f"{told} The sweep was ended by its {results.ended_by}" if results.ended_by else told


def _reason(trial: TrialRecord) -> str:
    words = str(trial.stop_reason or trial.infeasible_reason or "")
    return f"{trial.state.value} ({words.replace('_', ' ')})" if words else trial.state.value


def _trials(trials: Sequence[TrialRecord], keys: Iterable[str]) -> str:
    headers = ("trial", "ended", "why", "rounds", "attempts", "seconds", *keys)
    return table(headers, (_trial(trial, keys) for trial in trials), kind="words")


def _trial(trial: TrialRecord, keys: Iterable[str]) -> str:
    settings = flat(trial.settings)
    reason = trial.stop_reason or trial.infeasible_reason or ""
    cells = (
        str(trial.trial), trial.state.value,
        f"{reason}: {trial.detail}" if trial.detail else str(reason),
        str(trial.rounds), str(trial.attempts), f"{trial.seconds:.0f}",
        *(settings.get(key, "") for key in keys),
    )  # fmt: skip
    return row(cells, kind=trial.state.value)


def cost_section(results: SweepResults) -> str:
    """Return what the sweep cost, what reuse saved, and the front's figures."""
    front = front_of(results)
    paid, saved = results.images_trained, results.images_saved
    work = work_of(results)
    stages = {known.stage for known in results.candidates}
    goals = front.goals
    reference = ", ".join(
        [*(f"{figure.name} 0" for figure in goals.qualities)]
        + [f"{o.name} {written_out(cost, o)}" for o, cost in goals.reference.items()]
    )
    rows = (
        ("images trained (through backward)", f"{paid:,}"),
        ("the same, each times its network's share of the MACs", _known(work.full_images)),
        ("wall-clock of the drivers, seconds", _known(work.wall_seconds)),
        ("images saved by shared stages", f"{saved:,}{_share(saved, paid + saved)}"),
        ("images through forward only", f"{results.images_forward:,}"),
        ("seconds of work, summed over workers", f"{results.seconds:,.0f}"),
        ("candidates, and different networks among them",
         f"{len(results.candidates):,}, {len(stages):,}"),
        ("candidates taken from the store", f"{sum(row.reused for row in results.candidates):,}"),
        (f"log area: mean {goals.quality.name} over log shares of {goals.cost.name}, 0.01 to 1",
         f"{front.log_area:.4f}"),
        (f"area: the same over shares of {goals.cost.name}, 0.1 to 1", f"{front.area:.4f}"),
        *_biases(judgement_of(results)),
        ("hypervolume, normalised", f"{front.hypervolume:.4f}"),
        ("its reference point", reference),
    )  # fmt: skip
    return section("cost", "What it cost", table(("figure", "value"), map(row, rows)))


def _biases(judgement: Judgement | None) -> list[tuple[str, str]]:
    """Return the areas on test images and how far validation flatters; nothing unless judged."""
    if judgement is None:
        return []
    if judgement.log_area is None or judgement.area is None:
        return [("on test images", str(judgement))]
    return [
        line
        for name, found in (("log area", judgement.log_area), ("area", judgement.area))
        for line in (
            (f"{name} on test images, which no search saw", f"{found.test:.4f}"),
            ("its bias of selection: validation minus test", f"{found.bias:+.4f}"),
        )
    ]


def _known(amount: float | None) -> str:
    return UNKNOWN if amount is None else f"{amount:,.0f}"


def _share(part: int, whole: int) -> str:
    return f" ({percent(part / whole)} of what it would have cost without)" if whole else ""


def settings_section(results: SweepResults) -> str:
    """Return the sweep as it was launched."""
    launched = preformatted(results.manifest.to_yaml())
    return section("settings", "Settings of the sweep", folded("sweep.yaml", launched))


def environment_section(results: SweepResults) -> str:
    """Return on what the last driver ran."""
    known = leaves(results.environment)
    body = (
        table(("of the last driver", ""), map(row, known.items()), kind="words")
        if known
        else paragraph("It was not recorded.")
    )
    return section("environment", "Environment", body)
