"""How far an accuracy measured on n images can be trusted."""

import math


def standard_error(accuracy: float, images: int) -> float:
    """Return the standard error of an accuracy measured on independent images.

    That of a binomial proportion, sqrt(p (1 - p) / n).

    Raises:
        ValueError: there are no images, or the accuracy is outside [0, 1].
    """
    _check(accuracy, images)
    return math.sqrt(accuracy * (1.0 - accuracy) / images)


def wilson_interval(accuracy: float, images: int, z: float = 1.96) -> tuple[float, float]:
    """Return the confidence interval of an accuracy measured on independent images.

    The score interval of Wilson (1927, J. Am. Stat. Assoc. 22:209-212), which stays within
    [0, 1] and is sound for few images and for accuracies near 0 and 1.

    Args:
        accuracy: share of images classified correctly.
        images: number of images.
        z: normal quantile; 1.96 for 95 %.

    Raises:
        ValueError: there are no images, or the accuracy is outside [0, 1].
    """
    _check(accuracy, images)
    shrink = 1.0 + z * z / images
    centre = (accuracy + z * z / (2 * images)) / shrink
    spread = accuracy * (1.0 - accuracy) / images + z * z / (4 * images * images)
    half_width = z * math.sqrt(spread) / shrink
    return max(0.0, centre - half_width), min(1.0, centre + half_width)


def least_lead(
    better: tuple[float, int], worse: tuple[float, int], variance: float = 0.0, z: float = 1.0
) -> float:
    """Return by how much one accuracy must lie above another to be taken for better.

    The lower limit of their difference is above 0 beyond it: Newcombe's (1998, Statistics in
    Medicine 17:873-890, method 10) for independent images, made of Wilson's intervals. Networks
    of one task are judged on the same images and mostly fail on the same ones, so that the true
    standard error is smaller (McNemar's counts of who alone is right would tell it, and are not
    stored): with z = 1 the lead is more than one of them.

    Args:
        better: accuracy and number of images of what may be better.
        worse: the same of the other.
        variance: of the difference, besides that of the images: of trainings from other seeds.
        z: normal quantile.

    Raises:
        ValueError: there are no images, or an accuracy is outside [0, 1].
    """
    down = better[0] - wilson_interval(*better, z)[0]
    up = wilson_interval(*worse, z)[1] - worse[0]
    return math.sqrt(down * down + up * up + z * z * variance)


def _check(accuracy: float, images: int) -> None:
    if images < 1:
        raise ValueError(f"an accuracy needs at least one image, got {images}")
    if not 0.0 <= accuracy <= 1.0:
        raise ValueError(f"an accuracy lies in [0, 1], got {accuracy}")
