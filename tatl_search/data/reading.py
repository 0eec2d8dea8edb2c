"""An image file of any kind becomes RGB bytes, and those a square: one reader for all.

The product reads by it what networks are trained on. It is copied into exported folders, where
`predict.py` reads by it too, so it needs numpy and Pillow only.
"""

import errno
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageChops, ImageFile, ImageOps

RULES = 1
"""Raised whenever a file becomes other pixels than before, or is left out: packs are remade."""

MOST_PIXELS = 1024**3 // 12
"""Largest image that is decoded: 89 million pixels, above which Pillow warns of an attack."""

SIXTEEN_BITS = 2**16 - 1
"""White of an image with 16 bits a channel, unless people say otherwise."""

PEAK = "sixteen_bit_peak"
"""Key in an image's `info`: the largest value that a file with 16 bits a channel held."""

# Named, since Pillow would run Ghostscript on an EPS file.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
_TGA_ENDINGS = (".tga", ".icb", ".vda", ".vst")
"""TGA files have no mark at their head."""

_HEAD_BYTES = 16
_WHITE = (255, 255, 255, 255)

_AVIF_BRANDS = (b"avif", b"avis")
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1")
_JPEG_XL = (b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n")

_NOT_THE_FILES_FAULT = frozenset(
    {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


class UnusableImageError(Exception):
    """A file that is left out; the message is the reason, for people."""


def read_image(path: Path, sixteen_bit_max: int = SIXTEEN_BITS) -> Image.Image:
    """Return the image in a file as RGB, turned as its EXIF tells.

    Of several frames the first is taken; transparent pixels are laid on white. Where the file has
    16 bits a channel, `info[PEAK]` is the largest value in it.

    Args:
        path: the file.
        sixteen_bit_max: what is white in files with 16 bits a channel.

    Raises:
        UnusableImageError: the file is no whole image, or too large; the message says why.
        OSError: the storage failed; the file may be as good as any.
    """
    with opened(path) as image:
        wide = _has_wide_colours(image)
        image.load()
        rgb = to_rgb(_upright(_of_ink(image)), sixteen_bit_max)
    return _with_wide_colours(rgb, sixteen_bit_max) if wide else rgb


@contextmanager
def opened(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open the image in a file, recognised and not decoded; also what decoding raises is judged.

    Raises:
        UnusableImageError: the file is no whole image, or too large; the message says why.
        OSError: the storage failed; the file may be as good as any.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnusableImageError("not a regular file")
        if found.st_size == 0:
            raise UnusableImageError("empty file")
        with path.open("rb") as file:
            image = _recognise(file, path.suffix.lower())
            _check_size(image)
            yield image
    except UnusableImageError:
        raise
    except OSError as error:
        if error.errno in _NOT_THE_FILES_FAULT:
            raise
        raise UnusableImageError(error.strerror or str(error)) from error
    except Exception as error:
        # Decoders raise anything on damaged files.
        raise UnusableImageError(f"{type(error).__name__}: {error}") from error


def to_rgb(image: Image.Image, sixteen_bit_max: int = SIXTEEN_BITS) -> Image.Image:
    """Return an image of any mode as RGB.

    Raises:
        UnusableImageError: the pixels have no agreed range (floating point, or whole numbers
            beyond 16 bits).
    """
    if image.mode == "F":
        raise UnusableImageError("floating-point pixels have no agreed range")
    if image.mode == "I" or image.mode.startswith("I;16"):
        return _of_wide_grey(np.asarray(image).astype(np.int64), sixteen_bit_max)
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", opaque.size, _WHITE), opaque).convert("RGB")
    return image.convert("RGB")


def to_square(image: Image.Image, side: int) -> NDArray[np.uint8]:
    """Return an RGB image as (side, side, 3), bit for bit what torchvision makes of it.

    That is `Resize(side, BICUBIC)` of the shorter side, antialiased, and `CenterCrop(side)`,
    with their rounding. Only of images so long and thin that the resized one would exceed
    `MOST_PIXELS` the centre alone is computed, equal but for rounding.
    """
    width, height = _resized(image.size, side)
    left, top = round((width - side) / 2), round((height - side) / 2)
    box = (left, top, left + side, top + side)
    if width * height > MOST_PIXELS:
        across, down = image.width / width, image.height / height
        part = (box[0] * across, box[1] * down, box[2] * across, box[3] * down)
        return np.asarray(image.resize((side, side), Image.Resampling.BICUBIC, box=part))
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image.crop(box))


def _recognise(file: BinaryIO, ending: str) -> ImageFile.ImageFile:
    """Return the image in a file, its pixels not decoded yet.

    As `Image.open`, which warns of a large image before its size can be looked at; a warning
    can only be kept back for all threads at once.
    """
    Image.init()
    head = file.read(_HEAD_BYTES)
    formats = [name for name in _FORMATS if name in Image.OPEN and _accepts(name, head)]
    if ending in _TGA_ENDINGS:
        formats.append("TGA")
    for name in formats:
        file.seek(0)
        # What Pillow's formats raise for a file that only starts like one of theirs.
        with suppress(SyntaxError, IndexError, TypeError, KeyError, EOFError, struct.error):
            return Image.OPEN[name][0](file, "")
    raise UnusableImageError(_foreign(head))


def _accepts(name: str, head: bytes) -> bool:
    accepts = Image.OPEN[name][1]
    # Of a format that this Pillow was built without it returns a text.
    return accepts is not None and accepts(head) is True


def _foreign(head: bytes) -> str:
    """Return what to tell of a file that no format recognises."""
    brand = head[8:12] if head[4:8] == b"ftyp" else b""
    convert = "convert it to JPEG or PNG"
    if brand in _AVIF_BRANDS:
        return f"an AVIF image, damaged or beyond this version of Pillow; {convert}"
    if brand in _HEIC_BRANDS:
        return f"a HEIC image, which Pillow does not read; {convert}"
    if head.startswith(_JPEG_XL):
        return f"a JPEG XL image, which Pillow does not read; {convert}"
    return "not an image"


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise UnusableImageError(
            f"too large: {width} x {height} pixels; at most {MOST_PIXELS // 10**6} million"
        )


def _has_wide_colours(image: ImageFile.ImageFile) -> bool:
    """Whether a file that is not decoded yet has 16 bits a channel of which Pillow reads 8."""
    if image.mode.startswith("I"):
        return False
    layouts = (tile.args[0] if isinstance(tile.args, tuple) else tile.args for tile in image.tile)
    return any(isinstance(layout, str) and ";16" in layout for layout in layouts)


def _with_wide_colours(rgb: Image.Image, sixteen_bit_max: int) -> Image.Image:
    if sixteen_bit_max != SIXTEEN_BITS:
        raise UnusableImageError(
            "colours of 16 bits, of which Pillow reads the upper 8, so that sixteen_bit_max cannot"
            " be kept to; convert it to 8 bits"
        )
    rgb.info[PEAK] = (int(np.asarray(rgb).max()) << 8) | 0xFF
    return rgb


def _of_wide_grey(wide: NDArray[np.int64], sixteen_bit_max: int) -> Image.Image:
    """Return whole numbers as RGB; `Image.convert` would clip them to 255 instead of scaling."""
    low, high = int(wide.min()), int(wide.max())
    if low < 0 or high > SIXTEEN_BITS:
        raise UnusableImageError(
            f"whole numbers beyond 0 to {SIXTEEN_BITS} have no agreed range (read: {low} to {high})"
        )
    scaled = wide.clip(0, sixteen_bit_max) * 256 // (sixteen_bit_max + 1)
    rgb = Image.fromarray(scaled.astype(np.uint8)).convert("RGB")
    rgb.info[PEAK] = high
    return rgb


def _of_ink(image: ImageFile.ImageFile) -> Image.Image:
    """Return a CMYK JPEG with 255 for full ink, whoever wrote it.

    Adobe stores the complement and says so. Pillow takes every CMYK JPEG for Adobe's.
    """
    if image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info:
        return ImageChops.invert(image)
    return image


def _upright(image: Image.Image) -> Image.Image:
    """Return an image turned as its EXIF tells; damaged EXIF tells nothing."""
    try:
        return ImageOps.exif_transpose(image)
    except (ValueError, TypeError, LookupError, SyntaxError, OSError, struct.error, Warning):
        return image


def _resized(size: tuple[int, int], side: int) -> tuple[int, int]:
    """Return width and height when the shorter side becomes `side`, rounded as torchvision."""
    short, long = min(size), max(size)
    scaled = int(side * long / short)
    return (side, scaled) if size[0] <= size[1] else (scaled, side)
