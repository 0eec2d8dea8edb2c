"""What a trial is expected to cost: from its settings, and from how the trials before it went."""

import math
from dataclasses import dataclass

from tatl_search.config import AdaptationConfig


@dataclass(frozen=True)
class Planned:
    """Images through backward that a piece of work needs if nothing ends it early.

    Attributes:
        first: of the first fine-tuning; 0 where it is stored.
        rounds: rounds at most.
        round_images: of one round.
        pieces: pieces of finishing.
        piece_images: of one piece.
        stored_pieces: pieces that are stored, as all rounds then are: the trial goes on where
            another one ended.
    """

    first: int
    rounds: int = 0
    round_images: int = 0
    pieces: int = 0
    piece_images: int = 0
    stored_pieces: int = 0


def planned(config: AdaptationConfig, images: int) -> Planned:
    """Return what an adaptation needs that finds nothing stored.

    Args:
        config: its settings.
        images: training images of an epoch.
    """
    stop = config.ending
    rounds = stop.max_rounds
    if stop.max_epochs is not None:
        left = max(0, stop.max_epochs - config.first_epochs)
        rounds = min(rounds, math.ceil(left / config.retrain.epochs))
    return Planned(
        first=images * config.finetune.epochs if config.needs_reference else 0,
        rounds=rounds,
        round_images=images * config.retrain.epochs,
        pieces=config.finish.networks,
        piece_images=images * config.finish.epochs,
    )


@dataclass(frozen=True)
class Reached:
    """How far a trial has come.

    Attributes:
        rounds: prunings.
        pieces: pieces of finishing.
        prunes: whether it will be pruned again.
    """

    rounds: int
    pieces: int
    prunes: bool


@dataclass(frozen=True)
class Cost:
    """What a piece of work takes.

    Attributes:
        images: through backward.
        work_s: seconds of training and evaluation.
        wall_s: seconds from its start to its end.
    """

    images: float = 0.0
    work_s: float = 0.0
    wall_s: float = 0.0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost(
            self.images + other.images, self.work_s + other.work_s, self.wall_s + other.wall_s
        )


class Experience:
    """How the work of a sweep went, as far as it tells what more of it will cost.

    Of a trial's rounds only a share is paid for: criteria stop it, and others have computed the
    same. Before any trial has ended all rounds are expected; the first ones to end count beside
    one more trial that paid for all.
    """

    def __init__(self) -> None:
        self._ended = 0
        self._planned = 0.0
        self._paid = 0.0
        self._of_trials = Cost()
        self._of_others = Cost()
        self._whole = Cost()

    def hear_network(self, images: int, work_s: float, of_trial: bool) -> None:
        """Take note of what one network cost.

        Args:
            images: through backward.
            work_s: seconds of training and evaluation.
            of_trial: whether a trial made it; first fine-tunings may have more CPUs than trials.
        """
        cost = Cost(images, work_s)
        if of_trial:
            self._of_trials += cost
        else:
            self._of_others += cost

    def hear_trial(self, plan: Planned, paid: int, work_s: float, wall_s: float) -> None:
        """Take note of a trial that ended, however it did.

        Args:
            plan: what it was expected to need.
            paid: images of its rounds that it paid for.
            work_s: seconds of training and evaluation that it paid for.
            wall_s: seconds from its start to its end.
        """
        if plan.rounds and not plan.stored_pieces:
            self._ended += 1
            self._planned += plan.rounds * plan.round_images
            self._paid += paid
        if work_s > 0.0:
            self._whole += Cost(work_s=work_s, wall_s=wall_s)

    @property
    def paid_share(self) -> float:
        """The share of a trial's rounds that it is expected to pay for."""
        if not self._planned:
            return 1.0
        one_more = self._planned / self._ended
        return (self._paid + one_more) / (self._planned + one_more)

    def expect(self, plan: Planned, reached: Reached | None = None) -> Cost:
        """Return what a piece of work is still expected to cost.

        Args:
            plan: what it needs if nothing ends it early.
            reached: how far it has come; null where it has no network yet.
        """
        images = (
            _left(plan, reached, self.paid_share)
            if reached
            else plan.first + _left(plan, Reached(0, 0, prunes=True), self.paid_share)
        )
        known = self._of_trials if self._of_trials.images else self._of_others
        work_s = images * known.work_s / known.images if known.images else 0.0
        beside = self._whole.wall_s / self._whole.work_s if self._whole.work_s else 1.0
        return Cost(images, work_s, work_s * beside)


def _left(plan: Planned, reached: Reached, share: float) -> float:
    """Return the images that a trial has yet to pay for, its first fine-tuning left out."""
    pieces = max(0, plan.pieces - max(reached.pieces, plan.stored_pieces))
    rounds = 0.0
    if reached.prunes and not plan.stored_pieces:
        # Whatever is usual, the next round begins.
        least = min(1, plan.rounds - reached.rounds)
        rounds = max(share * plan.rounds - reached.rounds, least)
    return rounds * plan.round_images + pieces * plan.piece_images
