"""Which searched settings decided how good a sweep's trials became (PED-ANOVA)."""

import math
import warnings
from collections.abc import Sequence

import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances
from optuna.trial import FrozenTrial

from tatl_search.config import plain_settings
from tatl_search.figures import Figure
from tatl_search.records import CandidateRecord, TrialRecord, TrialState
from tatl_search.results.importance import Importance
from tatl_search.results.store import SweepResults
from tatl_search.search.answers import distributions_of
from tatl_search.space import SearchSpace, space_from_raw
from tatl_search.space.given import given

BEST = 0.1
"""Share of the trials that count as best, Optuna's default ..."""
LEAST_BEST = 5
"""... but no fewer than this, as Optuna advises ..."""
LEAST_TRIALS = 2 * LEAST_BEST
"""... and no more than half of them."""


def importance_of(results: SweepResults) -> Importance:
    """Return how much each searched setting decided whether a trial is among the best.

    Computed by Optuna (PED-ANOVA; Watanabe et al. 2023, arXiv 2304.10255, and its conditional
    form, arXiv 2601.20800) from a study made of the stored rows: a trial's outcome is its last
    network; without a usable one it is the worst, as the sampler was told. Stopped trials, whose
    outcome is not known, are left out, and so are those that the space no longer explains.
    """
    space = space_from_raw(results.manifest.space)
    last = {row.trial: row for row in results.candidates}  # ordered by round: the last one stays
    told = [
        trial
        for ending in results.trials
        if ending.state is not TrialState.STOPPED
        and (trial := _trial(results, space, ending, last.get(ending.trial)))
    ]
    if len(told) < LEAST_TRIALS or not space.parameters:
        return Importance({}, len(told), BEST)
    best = max(BEST, LEAST_BEST / len(told))
    return Importance(_shares(results.manifest.sweep.objectives, told, best), len(told), best)


def _trial(
    results: SweepResults, space: SearchSpace, ending: TrialRecord, last: CandidateRecord | None
) -> FrozenTrial | None:
    fitting = given(space.section, plain_settings(ending.settings))
    if fitting.open or (last is None and ending.state is TrialState.COMPLETE):
        return None
    usable = last if ending.state is TrialState.COMPLETE else None
    objectives = results.manifest.sweep.objectives
    if usable is not None and any(math.isnan(o.of(usable)) for o in objectives):
        return None
    return optuna.trial.create_trial(
        params=dict(fitting.values),
        distributions=distributions_of(space.section, fitting.values),
        values=[_outcome(results, usable, o) for o in objectives],
    )


def _outcome(results: SweepResults, row: CandidateRecord | None, objective: Figure) -> float:
    if row is not None:
        return objective.of(row)
    return 0.0 if objective.higher_is_better else results.manifest.reference[objective]


def _shares(
    objectives: Sequence[Figure], trials: Sequence[FrozenTrial], best: float
) -> dict[str, float]:
    with warnings.catch_warnings():
        # Experimental, and advice that a study of few trials in a branch of the space gives.
        warnings.simplefilter("ignore", ExperimentalWarning)
        warnings.simplefilter("ignore", UserWarning)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        study = optuna.create_study(
            directions=["maximize" if o.higher_is_better else "minimize" for o in objectives]
        )
        study.add_trials(trials)
        found = get_param_importances(
            study, evaluator=PedAnovaImportanceEvaluator(target_quantile=best)
        )
    return {name: share for name, share in found.items() if math.isfinite(share)}
