"""One image of any kind becomes a square of RGB bytes."""

import stat
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from tatl_search.data.target import Pixels

# Named, since Pillow would run Ghostscript on an EPS file.
_FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000")
_WHITE = (255, 255, 255, 255)


class UnusableImageError(Exception):
    """A file that is left out; the message is the reason, for people."""


def open_image(path: Path) -> Image.Image:
    """Return the image in a file as RGB, turned as its EXIF tells.

    Of several frames the first is taken; transparent pixels are laid on white.

    Raises:
        UnusableImageError: the file is no whole image; the message says why.
    """
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnusableImageError("not a regular file")
        if found.st_size == 0:
            raise UnusableImageError("empty file")
        with Image.open(path, formats=_FORMATS) as image:
            return to_rgb(ImageOps.exif_transpose(image))
    except UnusableImageError:
        raise
    except UnidentifiedImageError as error:
        raise UnusableImageError("not an image") from error
    except OSError as error:
        raise UnusableImageError(error.strerror or str(error)) from error
    except Exception as error:
        # Decoders raise anything on damaged files.
        raise UnusableImageError(f"{type(error).__name__}: {error}") from error


def to_square(image: Image.Image, side: int) -> Pixels:
    """Return an RGB image as (side, side, 3).

    The shorter side is resized to `side` (bicubic, antialiased) and the centre is kept.
    """
    return np.asarray(ImageOps.fit(image, (side, side), Image.Resampling.BICUBIC))


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
