"""The share of a sweep's images that is kept to confirm its front: what it is spent on.

When the search has ended, the adaptations behind the sure front run again from fresh seeds, seed
by seed, as long as what they are expected to need still fits. Within a seed the network comes
first whose place is least certain: whose lead over a cheaper one is smallest beside what chance
allows. Everything follows from stored rows, so a driver that resumes goes on where one stopped.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tatl_search.adaptation.keys import root_key
from tatl_search.config import AdaptationConfig, read_settings
from tatl_search.core.sure import lead
from tatl_search.manifest import SweepFolder
from tatl_search.records import CandidateRecord
from tatl_search.results.confirmation import Place, place_of, seed_of_row, stored_confirmations
from tatl_search.results.front import Front, front_of
from tatl_search.results.store import SweepResults, load_sweep
from tatl_search.search.confirm import (
    Announce,
    fresh_seeds,
    item_of,
    places_of,
    run_again,
    to_confirm,
)
from tatl_search.search.report import TrainingReport
from tatl_search.search.work import WorkItem

MOST_SEEDS = 10
"""Fresh seeds at most: the images that networks are judged on stay the same, more tell little."""


def confirm_within_budget(
    folder: SweepFolder,
    announce: Announce,
    go_on: str,
    hear: Callable[[TrainingReport], None],
) -> list[str]:
    """Run the front of an ended search again, within what its budget keeps for that.

    Args:
        folder: the sweep's, on a cluster that is there.
        announce: told what is done.
        go_on: the command that goes on with it, for people.
        hear: told how first fine-tunings get on.

    Returns:
        What could not be computed, and why.
    """
    items = affordable_runs(load_sweep(folder.root))
    return run_again(items, announce, go_on, hear) if items else []


def affordable_runs(results: SweepResults) -> list[WorkItem]:
    """Return the adaptations from fresh seeds that are not stored and fit into the budget."""
    if not results.manifest.sweep.budget.to_confirm:
        return []
    purse, front = _Purse.of(results), front_of(results)
    networks = sorted(to_confirm(results), key=lambda row: _certainty(front, row))
    return [
        item
        for seed in fresh_seeds(results, MOST_SEEDS)
        for row in networks
        if purse.pays(row, item := item_of(results, row, seed))
    ]


@dataclass
class _Purse:
    """What is left to spend, and what was bought.

    Attributes:
        left: images through backward.
        rows: the sweep's rows, by the network they are of.
        stored: the networks and seeds that are stored.
        roots: first fine-tunings that are stored or paid for.
    """

    left: int
    rows: Mapping[Place, CandidateRecord]
    stored: frozenset[tuple[Place, int]]
    roots: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, results: SweepResults) -> "_Purse":
        """Return what the budget keeps, less what was spent of it."""
        budget, again = results.manifest.sweep.budget, stored_confirmations(results.folder)
        beside_search = (budget.images_trained or 0) - results.images_trained
        spent = sum(row.images_trained for row in again)
        return cls(
            left=min(budget.to_confirm, beside_search) - spent,
            rows={place_of(row): row for row in results.candidates},
            stored=frozenset((place_of(row), seed_of_row(row)) for row in again),
            roots={_root(read_settings(r.settings), r.device) for r in again if r.round == 0},
        )

    def pays(self, row: CandidateRecord, item: WorkItem) -> bool:
        """Pay for the run that leads to a network, if it is not stored and fits."""
        seed, root = item.config.seed, _root(item.config, item.device)
        missing = [place for place in places_of(row) if (place, seed) not in self.stored]
        needed = sum(
            self.rows[place].images_without_reuse
            for place in missing
            if place in self.rows and not (self.rows[place].round == 0 and root in self.roots)
        )
        if not missing or needed > self.left:
            return False
        self.left -= needed
        self.roots.add(root)
        return True


def _root(config: AdaptationConfig, device: str) -> str:
    """Return what tells first fine-tunings apart."""
    return root_key(config.after(prunings=0), config.data.digest(), 1, device)


def _certainty(front: Front, row: CandidateRecord) -> float:
    """Return how far the networks that a run leads to lie above cheaper ones; the least counts.

    In units of the lead that makes one surely better.
    """
    quality, cost = front.goals.quality, front.goals.cost
    sure = front.sure()
    own = [
        each for each in sure if each is row or (row.trial is not None and each.trial == row.trial)
    ]
    ratios = [
        (quality.of(mine) - quality.of(other)) / needed
        for mine in own
        for other in sure
        if cost.of(other) < cost.of(mine) and (needed := lead(mine, other, quality)) > 0.0
    ]
    return min(ratios, default=math.inf)
