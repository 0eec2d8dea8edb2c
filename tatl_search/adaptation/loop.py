"""Target-aware network adaptation: the algorithm on one screen.

*Our reading* of Zhong, Li, Okada and Maki, "Target Aware Network Adaptation for Efficient
Representation Learning" (ECCV workshops 2018, arXiv 1810.01104).
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.stages import Stage
from tatl_search.adaptation.workbench import Workbench
from tatl_search.core.cuts import rate_of_round
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING
from tatl_search.core.stopping import Progress, first_to_fire
from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.methods.companions import with_companions
from tatl_search.methods.context import Choice
from tatl_search.methods.registry import find_method
from tatl_search.nets.latency import estimate
from tatl_search.nets.zoo import LoadedNetwork
from tatl_search.records import StopReason

_NOTHING_GOES = (
    "the first cut of the pre-trained network removes nothing: candidates and floors"
    " (prune.min_filters, prune.min_keep, prune.round_to) allow none"
)


def adapt(bench: Workbench) -> Iterator[Candidate]:
    """Fine-tune the network, prune and fine-tune by turns until a criterion fires, then finish it.

    With `start: pretrained` the first fine-tuning is left out. Yields every trained network as a
    candidate; the last one says why the adaptation ended. It knows no tracker, no cluster and no
    file format: whoever iterates listens.

    Raises:
        InfeasibleError: these settings lead to no usable network.
        StorageError: the store of stages cannot be written.
    """
    stage = root = bench.root()
    trajectory: list[Progress] = []
    plan = PrunePlan(removals=())
    while True:
        network = bench.network_of(stage)
        trajectory.append(_progress(bench, network, stage, root, trajectory))
        # A network that nobody trained is not kept: the first cut is made whatever is reached.
        untrained = stage.is_untrained
        reason = None if untrained else first_to_fire(bench.config.ending, trajectory)
        choice = Choice(plan)
        if reason is None:
            rate = rate_of_round(bench.config, trajectory[-1])
            choice = choose_filters(bench, network, stage, root, rate)
            if not choice.plan.removals:
                reason = StopReason.NO_CANDIDATES
        candidate = Candidate(
            round=len(trajectory) - 1,
            stage=stage,
            plan=plan,
            owner=bench.owner,
            latency_ms=trajectory[-1].latency_ms,
            choosing=choice.spent,
            stop_reason=reason,
        )
        if untrained and reason is not None:
            raise InfeasibleError(InfeasibleReason.FAILED, _NOTHING_GOES)
        if reason is not None:
            yield from finished(bench, candidate, root)
            return
        if not untrained:
            yield candidate
        plan = choice.plan
        stage = bench.prune_and_retrain(stage, root, plan, len(trajectory))


def choose_filters(
    bench: Workbench, network: LoadedNetwork, stage: Stage, root: Stage, rate: float | None = None
) -> Choice:
    """Let the method score the network's filters and choose which go in the next round."""
    method = find_method(bench.config.prune)
    context = bench.context(network, stage, root, rate)
    choice = method.choose(context, bench.scores(method.score, context, stage))
    if method.joint is None or not choice.plan.removals:
        return choice
    return with_companions(choice, method.joint.choose(context))


def finished(bench: Workbench, last: Candidate, root: Stage) -> Iterator[Candidate]:
    """Yield the last round's network, and those it becomes when it is trained longer."""
    for _ in range(bench.config.finish.networks):
        yield last
        last = replace(
            last,
            round=last.round + 1,
            finished=last.finished + 1,
            stage=bench.finish(last.stage, root),
            plan=PrunePlan(removals=()),
            choosing=NOTHING,
        )
    yield last


def _progress(
    bench: Workbench,
    network: LoadedNetwork,
    stage: Stage,
    root: Stage,
    trajectory: Sequence[Progress],
) -> Progress:
    """Return where the adaptation stands, as the stopping criteria see it.

    Time is the sum of what the stages took when they were computed, so that a trial that finds
    its stages stored stops where it would have stopped without them.
    """
    config, rounds = bench.config, len(trajectory)
    minutes = trajectory[-1].minutes if trajectory else 0.0
    return Progress(
        round=rounds,
        accuracy=stage.metrics.accuracy,
        unpruned_accuracy=bench.unpruned_accuracy(root),
        macs_share=stage.metrics.macs / root.metrics.macs,
        parameters_share=stage.metrics.parameters / root.metrics.parameters,
        latency_ms=estimate(bench.latency, bench.wiring(stage, network).macs)
        if bench.latency
        else None,
        minutes=minutes + stage.metrics.seconds / 60,
        epochs=config.first_epochs + rounds * config.retrain.epochs,
    )
