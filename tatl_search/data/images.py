"""One image of any kind becomes a square of RGB bytes."""

import errno
import hashlib
import stat
import struct
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageChops, ImageFile, ImageOps

from tatl_search.data.target import Pixels
from tatl_search.errors import StorageError

MOST_PIXELS = 1024**3 // 12
"""Largest image that is decoded: 89 million pixels, above which Pillow warns of an attack."""

# Named, since Pillow would run Ghostscript on an EPS file.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000")
_HEAD_BYTES = 16
_WHITE = (255, 255, 255, 255)

_NOT_THE_FILES_FAULT = frozenset(
    {errno.EIO, errno.ESTALE, errno.ETIMEDOUT, errno.EMFILE, errno.ENFILE, errno.ENOMEM}
)


class UnusableImageError(Exception):
    """A file that is left out; the message is the reason, for people."""


def open_image(path: Path) -> Image.Image:
    """Return the image in a file as RGB, turned as its EXIF tells.

    Of several frames the first is taken; transparent pixels are laid on white.

    Raises:
        UnusableImageError: the file is no whole image, or too large; the message says why.
        StorageError: the storage failed; the file may be as good as any.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnusableImageError("not a regular file")
        if found.st_size == 0:
            raise UnusableImageError("empty file")
        with path.open("rb") as file:
            image = _recognise(file)
            _check_size(image)
            image.load()
            return to_rgb(_upright(_of_ink(image)))
    except UnusableImageError:
        raise
    except OSError as error:
        if error.errno in _NOT_THE_FILES_FAULT:
            raise StorageError(f"{path} cannot be read: {error.strerror}") from error
        raise UnusableImageError(error.strerror or str(error)) from error
    except Exception as error:
        # Decoders raise anything on damaged files.
        raise UnusableImageError(f"{type(error).__name__}: {error}") from error


def to_square(image: Image.Image, side: int) -> Pixels:
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


def content_hash(image: Image.Image) -> bytes:
    """Return a SHA-256 over an RGB image's size and pixels: equal for copies of any format."""
    digest = hashlib.sha256(f"{image.width} x {image.height}".encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()


def to_rgb(image: Image.Image) -> Image.Image:
    """Return an image of any mode as RGB.

    Raises:
        UnusableImageError: the pixels have no agreed range (floating point).
    """
    if image.mode == "F":
        raise UnusableImageError("floating-point pixels have no agreed range")
    if image.mode == "I" or image.mode.startswith("I;16"):
        # Image.convert clips 16 bits to 255 instead of scaling them.
        wide = np.asarray(image).astype(np.int64)
        return Image.fromarray((wide.clip(0, 65535) >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        opaque = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", opaque.size, _WHITE), opaque).convert("RGB")
    return image.convert("RGB")


def _recognise(file: BinaryIO) -> ImageFile.ImageFile:
    """Return the image in a file, its pixels not decoded yet.

    As `Image.open`, which warns of a large image before its size can be looked at; a warning
    can only be kept back for all threads at once.
    """
    Image.init()
    head = file.read(_HEAD_BYTES)
    for name in _FORMATS:
        factory, accepts = Image.OPEN[name]
        if accepts is None or accepts(head) is not True:
            continue
        file.seek(0)
        # What Pillow's formats raise for a file that only starts like one of theirs.
        with suppress(SyntaxError, IndexError, TypeError, KeyError, EOFError):
            return factory(file, "")
    raise UnusableImageError("not an image")


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise UnusableImageError(
            f"too large: {width} x {height} pixels; at most {MOST_PIXELS // 10**6} million"
        )


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
