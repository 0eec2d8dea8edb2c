"""The one driver of a sweep: roots first, then Ray Tune over what is left to do."""

import gc
import logging
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ray import tune

from tatl_search.adaptation.stages import StageStore
from tatl_search.config import SCHEDULERS, AdaptationConfig, BaselineSettings
from tatl_search.core.expense import Planned
from tatl_search.core.goals import Goals
from tatl_search.errors import RunError, StorageError
from tatl_search.files import write_durably
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.records import CandidateRecord, TrialRecord
from tatl_search.registry import called
from tatl_search.search.account import Account
from tatl_search.search.admission import Admission
from tatl_search.search.cluster import LOST, is_lost, ray_failed, slots
from tatl_search.search.compacting import compacting
from tatl_search.search.confirming import confirm_within_budget
from tatl_search.search.damage import damaged_trials
from tatl_search.search.folder import LatencyTables
from tatl_search.search.headwatch import head_watched
from tatl_search.search.keeping import StageKeeper
from tatl_search.search.plans import Planner
from tatl_search.search.progress import Listener, ProgressCallback
from tatl_search.search.readmission import readmit
from tatl_search.search.refusal import RefusedTrialError
from tatl_search.search.room import Room
from tatl_search.search.roots import compute_roots
from tatl_search.search.scheduler import StoppingScheduler, reason_for
from tatl_search.search.searcher import WorkSearcher
from tatl_search.search.shipping import Shipping
from tatl_search.search.start import begin
from tatl_search.search.stopper import SweepStopper
from tatl_search.search.study import Proposal, SweepStudy
from tatl_search.search.trainable import resources, run_work
from tatl_search.search.variants import (
    middle,
    most_epochs,
    references,
    shared_roots,
    waits_for_roots,
    without_rounds,
)
from tatl_search.search.work import WorkItem, WorkKind, trial_label
from tatl_search.space import space_from_raw
from tatl_search.tracking.merging import Merger
from tatl_search.tracking.parquet import ParquetTracker
from tatl_search.tracking.reading import RowReader

FIRST = 1
"""Trials that are handed out before an unpruned network that none of them waits for."""

UNBOUNDED = 1_000_000_000
"""Samples that Ray may ask for: the searcher, not Ray, knows when a sweep is done."""

SILENT = (
    # Tune's own state is never restored: on a full disk it may well not be saved.
    "ray.tune.execution.experiment_state",
    # A lost worker is no end: the driver says what becomes of its trial, without a traceback.
    "ray.tune.execution.tune_controller",
    "ray.tune.tune",
)
"""Loggers of Ray whose errors are none here."""


@dataclass(frozen=True)
class SweepEnd:
    """How a driver's part of a sweep ended.

    Attributes:
        folder: where everything lies.
        complete: whether every trial was told or a budget used up; if not, `resume` goes on.
        notes: what people should know, such as a baseline that could not be trained.
    """

    folder: Path
    complete: bool
    notes: tuple[str, ...]


class Driver:
    """Runs what is left of one sweep."""

    def __init__(
        self,
        folder: SweepFolder,
        manifest: SweepManifest,
        go_on: str,
        began: float,
        shipped: Shipping | None = None,
    ) -> None:
        """Take over a sweep's folder.

        Args:
            folder: the sweep's.
            manifest: of the sweep.
            go_on: the command that goes on with it, for people.
            began: when this driver was asked for, by `time.monotonic`.
            shipped: where rows written here are also sent; null for nowhere.
        """
        self._folder = folder
        self._manifest = manifest
        self._sweep = manifest.sweep
        self._goals = Goals(manifest.sweep.objectives, manifest.reference)
        self._go_on = go_on
        self._began = began
        self._space = replace(space_from_raw(manifest.space), sweep=manifest.sweep)
        self._tables = LatencyTables.read(folder)
        self._shipped = shipped
        self._parquet = ParquetTracker(folder, shipped)
        self._candidates = RowReader(folder.candidates, CandidateRecord)
        self._trials = RowReader(folder.trials, TrialRecord)

    def run(self, listener: Listener) -> SweepEnd:
        """Run until every trial is told, the user interrupts, or the storage gives up.

        Raises:
            StorageError: the storage refused a write.
            RunError: Ray failed.
        """
        StageStore(self._folder.stages).clear_unfinished()
        study = self._open_study()
        begun = begin(study, self._space, self._folder)
        begun += readmit(study, self._space, *self._rows())
        scheduler = self._scheduler(study)
        account = self._account(study)
        planner = Planner(self._folder, study.stored_pieces)
        admission = Admission(account, planner)
        room = Room(self._sweep)
        stopper = SweepStopper(
            admission,
            {n: (after, study.stop_reason(n)) for n, after in study.stopped().items()},
            scheduler.reason_of if scheduler else lambda _: None,
            lambda: searcher.fatal is not None or searcher.error is not None or is_lost(),
        )
        damaged = damaged_trials(self._folder, study.finished())
        merger = Merger(self._folder, self._shipped, damaged)
        merger.separate()
        searcher = self._searcher(study, damaged, admission, stopper, room)
        progress = ProgressCallback(
            self._sweep.trials,
            lambda: study.told,
            self._goals,
            listener,
            stopper.reason_of,
            lambda: account.share_spent,
        )
        keeper = StageKeeper(self._folder.root, self._sweep.stages_gb)
        unconfirmed: list[str] = []
        for note in begun:
            progress.announce(note)
        try:
            failed = compute_roots(self._shared_roots(), progress.announce, progress.hear_training)
            candidates, trials = self._rows()
            # A trial whose row is stored but that the study never heard of goes on to its end.
            unheard = set(study.unfinished())
            heard = [row for row in trials if row.trial not in unheard]
            account.recall(candidates, heard, self._plans(study, account, planner))
            progress.recall(*self._rows())
            for reader in (self._candidates, self._trials):
                reader.forget()  # from now on reports say what is new
            with compacting(merger), head_watched(progress.announce, self._go_on):
                self._tune(searcher, [progress, keeper], scheduler, stopper)
                if searcher.fatal is None and self._is_over(study, account, searcher):
                    unconfirmed = confirm_within_budget(
                        self._folder, progress.announce, self._go_on, progress.hear_training
                    )
        finally:
            room.ask(0)
            keeper.close()
            searcher.close()
            study.note_seconds(account.seconds)
            study.release()
            shutil.rmtree(self._folder.ray, ignore_errors=True)
        if searcher.error is not None:
            raise searcher.error
        if searcher.fatal is not None:
            raise StorageError(searcher.fatal)
        used_up = account.used_up or searcher.nothing_fits
        return self._end(
            study,
            used_up,
            [
                *(f"first fine-tuning failed: {root}" for root in failed),
                *(f"not confirmed: {what}" for what in unconfirmed),
                *(f"not computed: {what}" for what in searcher.failures),
            ],
        )

    def _account(self, study: SweepStudy) -> Account:
        before = study.seconds + time.monotonic() - self._began
        return Account(self._sweep, self._goals, before, self._manifest.schema_version)

    def _plans(self, study: SweepStudy, account: Account, planner: Planner) -> dict[int, Planned]:
        """Return what ended trials were expected to need, to learn from how they went."""
        plans: dict[int, Planned] = {}
        for number in study.finished() if account.is_limited else ():
            with suppress(RefusedTrialError):
                plans[number] = planner(self._trial_item(study.recall(number)))
        return plans

    def _searcher(
        self,
        study: SweepStudy,
        damaged: Sequence[int],
        admission: Admission,
        stopper: SweepStopper,
        room: Room,
    ) -> WorkSearcher:
        aside, later = self._damaged_items(study, damaged), []
        if waits_for_roots(self._space):
            aside = [*self._missing_baselines(), *aside]
        else:  # a first network comes soonest from a trial
            later += [(FIRST, item) for item in self._missing_references()]
            later += [(study.first_trials, item) for item in self._missing_baselines()]
        return WorkSearcher(
            study,
            aside,
            self._trial_item,
            self._parquet,
            partial(self._slots, study, room),
            admission,
            stopper.reason_of,
            later,
        )

    def _slots(self, study: SweepStudy, room: Room) -> int:
        """Return how many trials fit in now, and ask for room for all that are left."""
        room.ask(max(1, self._sweep.trials - study.told))
        return slots(self._sweep)

    def _is_over(self, study: SweepStudy, account: Account, searcher: WorkSearcher) -> bool:
        """Whether the search has ended, all of its trials with it."""
        used_up = account.used_up or searcher.nothing_fits
        return not study.unfinished() and (study.told >= self._sweep.trials or bool(used_up))

    def _end(self, study: SweepStudy, used_up: str | None, notes: list[str]) -> SweepEnd:
        complete = study.told >= self._sweep.trials
        if complete or study.unfinished():
            used_up = None
        if used_up is not None:
            write_durably(self._folder.ended_by, used_up.encode())
        if used_up is not None:
            notes.append(f"ended by its {used_up}, after {study.told} trials")
        return SweepEnd(self._folder.root, complete or used_up is not None, tuple(notes))

    def _rows(self) -> tuple[list[CandidateRecord], list[TrialRecord]]:
        return self._candidates.read(), self._trials.read()

    def _scheduler(self, study: SweepStudy) -> StoppingScheduler | None:
        """Return what stops hopeless trials; null where nothing is to be stopped."""
        chosen = SCHEDULERS[self._sweep.early_stopping]
        if chosen.make is None:
            return None
        scheduler = StoppingScheduler(
            self._goals,
            called(chosen.make)(self._sweep),
            reason_for(chosen.name),
            frozenset(study.finished()),
            study.is_promoted,
        )
        scheduler.recall(*self._rows())
        return scheduler

    def _open_study(self) -> SweepStudy:
        return SweepStudy(
            self._folder.journal,
            self._manifest.name,
            self._space,
            middle(self._space).seed,
            self._manifest.reference,
        )

    def _tune(
        self,
        searcher: WorkSearcher,
        callbacks: list[tune.Callback],
        scheduler: StoppingScheduler | None,
        stopper: SweepStopper,
    ) -> None:
        for name in SILENT:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        try:
            self._tuner(searcher, callbacks, scheduler, stopper).fit()
            while searcher.begins_another_run():
                gc.collect()  # a run leaves rings of objects, kept else while the next one runs
                shutil.rmtree(self._folder.ray, ignore_errors=True)
                self._tuner(searcher, callbacks, scheduler, stopper).fit()
        except OSError:
            raise  # the caller names what the storage refused
        except Exception as error:
            raise self._ray_failed(str(error)) from error
        if is_lost():
            raise self._ray_failed(LOST)

    def _tuner(
        self,
        searcher: WorkSearcher,
        callbacks: list[tune.Callback],
        scheduler: StoppingScheduler | None,
        stopper: SweepStopper,
    ) -> tune.Tuner:
        return tune.Tuner(
            tune.with_resources(run_work, partial(resources, self._sweep)),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=scheduler,
                num_samples=UNBOUNDED,
                reuse_actors=True,
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(self._folder.ray.resolve()),
                callbacks=[*callbacks],  # Ray adds its own, which hold every trial of their list
                stop=stopper,
                failure_config=tune.FailureConfig(max_failures=0),
                verbose=0,
            ),
        )

    def _ray_failed(self, why: str) -> RunError:
        return ray_failed(why, self._go_on)

    def _shared_roots(self) -> list[WorkItem]:
        """Return the first fine-tunings that trials will share."""
        return self._unpruned(WorkKind.ROOT, shared_roots(self._space))

    def _missing_references(self) -> list[WorkItem]:
        """Return the unpruned networks that no trial waits for, as far as they are not trained."""
        labels = {record.label for record in self._candidates.read()}
        items = self._unpruned(WorkKind.REFERENCE, references(self._space))
        return [item for item in items if item.label not in labels]

    def _unpruned(self, kind: WorkKind, roots: Sequence[AdaptationConfig]) -> list[WorkItem]:
        return [
            self._item(
                kind,
                number,
                "unpruned" if len(roots) == 1 else f"unpruned {number}",
                config,
            )
            for number, config in enumerate(roots)
        ]

    def _missing_baselines(self) -> list[WorkItem]:
        labels = {record.label for record in self._candidates.read()}
        base, epochs = middle(self._space), most_epochs(self._space)
        return [
            self._item(
                WorkKind.BASELINE,
                number,
                baseline.label,
                _baseline_config(base, baseline, baseline.epochs or epochs),
            )
            for number, baseline in enumerate(self._sweep.baselines)
            if baseline.label not in labels
        ]

    def _damaged_items(self, study: SweepStudy, damaged: Sequence[int]) -> list[WorkItem]:
        """Return the finished trials to run again; most of it is found stored."""
        items = []
        for number in damaged:
            try:
                items.append(self._trial_item(study.recall(number)))
            except RefusedTrialError as refused:
                self._parquet.trial(refused.record(study.name))
        return items

    def _trial_item(self, proposal: Proposal) -> WorkItem:
        number = proposal.number
        item = self._item(WorkKind.TRIAL, number, trial_label(number), proposal.config)
        return item.model_copy(update={"attempt": proposal.attempt})

    def _item(self, kind: WorkKind, number: int, label: str, config: AdaptationConfig) -> WorkItem:
        return WorkItem(
            kind=kind,
            number=number,
            label=label,
            folder=self._folder.root.resolve(),
            sweep_name=self._manifest.name,
            launched_at=self._manifest.created_at,
            sweep=self._sweep,
            config=config,
            threads=self._sweep.cpus_per_trial,
            # A baseline shares its node with others and its fine-tuning with nobody.
            root_threads=self._sweep.cpus_per_trial
            if kind is WorkKind.BASELINE
            else self._manifest.root_threads,
            latency=self._tables.of(config),
            uri=self._manifest.uri,
            code_version=self._manifest.code_version,
        )


def _baseline_config(
    base: AdaptationConfig, baseline: BaselineSettings, epochs: int
) -> AdaptationConfig:
    """Return settings that fine-tune a baseline for so many epochs."""
    plain = without_rounds(base)
    data, source = plain.data, plain.source
    if baseline.image_size is not None:
        data = data.at_size(baseline.image_size)
        source = source and source.at_size(baseline.image_size)
    return plain.model_copy(
        update={
            "data": data,
            "source": source,
            "network": baseline.network or base.network,
            "finetune": base.finetune.model_copy(update={"epochs": epochs}),
        }
    )
