"""Image files as the product reads them."""

import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from tatl_search.data.collection import Glance
from tatl_search.data.reading import SIXTEEN_BITS, opened, read_image
from tatl_search.errors import StorageError

_GREY = ("1", "L", "LA", "La", "I", "I;16", "I;16B", "I;16L", "F")
"""Pillow's modes without colours; a palette may hold any."""


def open_image(path: Path, sixteen_bit_max: int = SIXTEEN_BITS) -> Image.Image:
    """Return the image in a file as RGB; see `reading.read_image`.

    Raises:
        UnusableImageError: the file is no whole image, or too large; the message says why.
        StorageError: the storage failed; the file may be as good as any.
    """
    try:
        return read_image(path, sixteen_bit_max)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error


def glance_at(path: Path) -> Glance:
    """Return what the image in a file is like, from its head alone.

    Raises:
        UnusableImageError: its head is no image's, or says that it is too large.
        StorageError: the storage failed.
    """
    try:
        with opened(path) as image:
            return Glance(min(image.size), image.mode in _GREY)
    except OSError as error:
        raise StorageError(f"{path} cannot be read: {error.strerror}") from error


def content_hash(image: Image.Image) -> bytes:
    """Return a SHA-256 over an RGB image's size and pixels: equal for copies of any format."""
    digest = hashlib.sha256(f"{image.width} x {image.height}".encode())
    digest.update(np.ascontiguousarray(image).data)
    return digest.digest()
