"""What was found out about images, in words."""

from collections.abc import Sequence

from tatl_search.newcomer.facts import Facts
from tatl_search.newcomer.recipe import IMBALANCE, may_flip

MOST_NAMED = 10


def found(facts: Facts) -> list[str]:
    """Return lines that say what images are like, and what was left out and why."""
    few, many = min(facts.train), max(facts.train)
    least, median, most = facts.short_sides
    classes = facts.class_names
    lines = [
        f"{facts.source}: {len(classes)} classes ({_listed(classes)})",
        f"images: {facts.images:,} for training ({_span(few, many, ',')} a class), "
        f"{facts.val:,} for validation, {facts.test:,} for test ({_origin(facts.brought)})",
        f"shorter side: {_span(least, most)} px, of the median image {median} px; "
        + ("grey" if facts.is_grey else "in colours")
        + (f" ({facts.looked_at} images were looked at)" if facts.looked_at else ""),
        "mirrored in training: "
        + ("yes" if may_flip(facts) else "no, since nothing tells that left and right are alike"),
    ]
    if facts.imbalance >= IMBALANCE:
        lines.append(
            f"the largest class has {facts.imbalance:.1f} times the images of the smallest"
            f" ('{classes[facts.train.index(few)]}'): rare classes weigh more in training"
        )
    lines += [f"left out: {name}" for name in facts.unusable[:MOST_NAMED]]
    if more := len(facts.unusable) - MOST_NAMED:
        lines += [f"left out: {more} more of those looked at"] * (more > 0)
    return [*lines, *facts.notes]


def summary(facts: Facts) -> str:
    """Return in one line what images are like."""
    return (
        f"{facts.source}: {len(facts.class_names)} classes, {facts.images:,} training images,"
        f" {facts.median_side} px"
    )


def _listed(names: Sequence[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


def _span(low: int, high: int, thousands: str = "") -> str:
    ends = dict.fromkeys(f"{end:{thousands}}" for end in (low, high))
    return " to ".join(ends)


def _origin(brought: Sequence[str]) -> str:
    if not brought:
        return "both cut from all images"
    return "as they came" if len(brought) > 1 else f"{brought[0]} as it came"
