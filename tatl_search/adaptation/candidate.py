"""A candidate: one evaluated network of an adaptation, and the row that is stored of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

from tatl_search.adaptation.stages import Stage
from tatl_search.config import AdaptationConfig, store_settings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import Spent
from tatl_search.figures import Measured, fields_of
from tatl_search.records import FINISHED, CandidateRecord, Kind, StopReason


@dataclass(frozen=True)
class Candidate:
    """One evaluated network.

    Attributes:
        round: 0 for the fine-tuned unpruned network, then 1, 2, ...; each piece of finishing
            counts as one.
        stage: the stored network and what is known of it.
        plan: what this round removed; empty in round 0 and where it was finished.
        owner: the adaptation that reached it.
        latency_ms: estimated latency of one image; null without a table to estimate from.
        choosing: images it took to choose what goes next, as far as they were paid here.
        stop_reason: why it is pruned no more; null while it is.
        finished: pieces of finishing that it went through after its last pruning.
    """

    round: int
    stage: Stage
    plan: PrunePlan
    owner: str
    latency_ms: float | None
    choosing: Spent
    stop_reason: StopReason | None
    finished: int = 0

    @property
    def reused(self) -> bool:
        """Whether somebody else's stage was taken instead of training one."""
        return self.stage.owner != self.owner

    def _label(self, trial: int | None) -> str:
        place = f"trial {trial} round {self.round}"
        return place + FINISHED if self.finished else place

    def record(
        self,
        config: AdaptationConfig,
        sweep: str,
        trial: int | None,
        kind: Kind | None = None,
        label: str | None = None,
    ) -> CandidateRecord:
        """Return the row of this candidate.

        Args:
            config: settings of the adaptation.
            sweep: name of the sweep.
            trial: number of the trial; null for what no trial produced.
            kind: unpruned or pruned by the round, unless given.
            label: `trial 3 round 2`, or `trial 3 round 9, finished`, unless given.
        """
        metrics = self.stage.metrics
        stage = Spent(metrics.images_forward, metrics.images_trained)
        paid = self.choosing if self.reused else stage + self.choosing
        own_kind = Kind.PRUNED if self.round else Kind.UNPRUNED
        return CandidateRecord(
            sweep=sweep,
            kind=kind or own_kind,
            label=label or self._label(trial),
            trial=trial,
            round=self.round,
            stage=self.stage.key,
            **fields_of(Measured, metrics),
            latency_ms=self.latency_ms,
            image_size=config.data.image_size,
            network=config.network.label,
            units_pruned=self.plan.units_pruned,
            units_left=sum(metrics.widths.values()),
            images_trained=paid.images_trained,
            images_without_reuse=stage.images_trained + self.choosing.images_trained,
            images_forward=paid.images_forward,
            seconds=0.0 if self.reused else metrics.seconds,
            reused=self.reused,
            settings=store_settings(config),
            plan=self.plan.to_json() if self.plan.removals else "",
            device=metrics.device,
            created_at=datetime.now(UTC).isoformat(timespec="seconds"),
            stop_reason=self.stop_reason,
            micro_batch=metrics.micro_batch,
            finished=self.finished,
        )
