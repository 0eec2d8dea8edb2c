"""Which part of 16 bits a channel the images of a source use, told where it looks too small."""

from collections.abc import Sequence

_FEW = 16
"""An image whose largest value is this share of white or less keeps 16 of 256 greys."""

_FEW_OF_ALL = 4
"""The same, where it is so for all images: those of a set are hardly dark throughout."""


def say_ranges(peaks: Sequence[int], sixteen_bit_max: int) -> tuple[str, ...]:
    """Return what people should know of images with 16 bits a channel; nothing where all is well.

    Args:
        peaks: the largest value of each such image.
        sixteen_bit_max: what was taken for white.
    """
    return (*_too_dark(peaks, sixteen_bit_max), *_beyond(peaks, sixteen_bit_max))


def _too_dark(peaks: Sequence[int], white: int) -> tuple[str, ...]:
    if not peaks:
        return ()
    all_are = max(peaks) < (white + 1) // _FEW_OF_ALL
    dark = [peak for peak in peaks if all_are or peak < (white + 1) // _FEW]
    if not dark:
        return ()
    greys = max(dark) * 256 // (white + 1) + 1
    likely = 2 ** max(max(dark).bit_length(), 8) - 1
    return (
        f"of {len(peaks)} images with 16 bits a channel {len(dark)} hold no value above"
        f" {max(dark)} of {white}, and so {greys} of 256 shades at most; where {likely} is their"
        f" white, set data.sixteen_bit_max={likely}",
    )


def _beyond(peaks: Sequence[int], white: int) -> tuple[str, ...]:
    beyond = [peak for peak in peaks if peak > white]
    if not beyond:
        return ()
    return (
        f"of {len(peaks)} images with 16 bits a channel {len(beyond)} hold values above"
        f" data.sixteen_bit_max={white}, up to {max(beyond)}, which became white",
    )
