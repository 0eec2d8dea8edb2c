"""What a piece of work needs, by its settings, its images and what is stored."""

from collections.abc import Callable
from dataclasses import replace

from tatl_search.adaptation.key_forms import key_form
from tatl_search.adaptation.opening import open_images, open_store
from tatl_search.adaptation.workbench import Workbench
from tatl_search.config import DataSettings
from tatl_search.core.expense import Planned, planned
from tatl_search.data.target import TargetData
from tatl_search.errors import InputError
from tatl_search.manifest import SweepFolder
from tatl_search.remote.mirror import mirror_of
from tatl_search.search.work import WorkItem, WorkKind


class Planner:
    """Says what work on a sweep needs; images are opened once."""

    def __init__(self, folder: SweepFolder, stored_pieces: Callable[[int], int]) -> None:
        """Prepare to look at work.

        Args:
            folder: the sweep's.
            stored_pieces: pieces of finishing that a trial finds stored, by its number.
        """
        self._folder = folder
        self._mirror = mirror_of(folder)
        self._store = open_store(folder, self._mirror)
        self._stored_pieces = stored_pieces
        self._images: dict[DataSettings, TargetData] = {}
        self._known: set[str] = set()

    def __call__(self, item: WorkItem) -> Planned:
        """Return what a piece of work needs; nothing where its images cannot be opened.

        The worker that tries them says why.
        """
        try:
            bench = self._bench(item)
        except InputError:
            return Planned(first=0)
        plan = planned(item.config, len(bench.training_set.train))
        if self._is_stored(bench.root_key):
            plan = replace(plan, first=0)
        if item.kind is WorkKind.TRIAL:
            plan = replace(plan, stored_pieces=self._stored_pieces(item.number))
        return plan

    def _bench(self, item: WorkItem) -> Workbench:
        config = item.config
        return Workbench(
            config=config,
            target=self._open(config.data),
            store=self._store,
            owner=item.owner,
            device=item.device,
            threads=item.threads,
            root_threads=item.root_threads,
            source=self._open(config.source) if config.trains_on_source and config.source else None,
            key_form=key_form(item.code_version),
        )

    def _open(self, settings: DataSettings) -> TargetData:
        if settings not in self._images:
            self._images[settings] = open_images(settings, self._folder, self._mirror)
        return self._images[settings]

    def _is_stored(self, key: str) -> bool:
        """Whether a first fine-tuning is stored; its files are looked through but once."""
        if key not in self._known and self._store.holds(key):
            self._known.add(key)
        return key in self._known
