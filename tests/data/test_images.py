import contextlib
import errno
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.data.images import content_hash, open_image
from tatl_search.data.reading import UnusableImageError, to_rgb, to_square
from tatl_search.data.target import Pixels
from tatl_search.errors import StorageError


def noise(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def read_square(path: Path, side: int) -> Pixels:
    return to_square(open_image(path), side)


def colour(image: Image.Image) -> tuple[int, ...]:
    """Return the one colour of the square an image becomes."""
    square = to_square(to_rgb(image), 16)
    assert square.shape == (16, 16, 3)
    assert square.dtype == np.uint8
    assert (square == square[0, 0]).all()
    return tuple(square[0, 0].tolist())


def palette(transparent: bool) -> Image.Image:
    image = Image.new("P", (20, 20), 1)
    image.putpalette([0, 0, 0, 10, 200, 30])
    if transparent:
        image.info["transparency"] = 1
    return image


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Image.new("RGB", (20, 30), (10, 200, 30)), (10, 200, 30)),
        (Image.new("L", (20, 30), 77), (77, 77, 77)),
        (Image.new("1", (20, 30), 1), (255, 255, 255)),
        (Image.new("RGBA", (20, 30), (10, 200, 30, 255)), (10, 200, 30)),
        (Image.new("RGBA", (20, 30), (10, 200, 30, 0)), (255, 255, 255)),
        (Image.new("RGBA", (20, 30), (0, 0, 0, 51)), (204, 204, 204)),
        (Image.new("LA", (20, 30), (0, 51)), (204, 204, 204)),
        (palette(transparent=False), (10, 200, 30)),
        (palette(transparent=True), (255, 255, 255)),
        (Image.new("CMYK", (20, 30), (255, 0, 0, 0)), (0, 255, 255)),
        (Image.fromarray(np.full((20, 30), 0x80FF, np.uint16)), (0x80, 0x80, 0x80)),
        (Image.fromarray(np.full((20, 30), 0x80FF, np.int32)), (0x80, 0x80, 0x80)),
    ],
    ids=lambda value: value.mode if isinstance(value, Image.Image) else None,
)
def test_every_mode_becomes_rgb(image: Image.Image, expected: tuple[int, ...]) -> None:
    assert colour(image) == expected


def test_16_bit_png_keeps_its_range(tmp_path: Path) -> None:
    ramp = np.linspace(0, 65535, 64 * 64).reshape(64, 64).astype(np.uint16)
    Image.fromarray(ramp).save(tmp_path / "ramp.png")
    square = read_square(tmp_path / "ramp.png", 64)
    np.testing.assert_array_equal(square[..., 0], (ramp >> 8).astype(np.uint8))


@pytest.mark.parametrize("size", [(64, 32), (32, 64)])
def test_the_centre_is_kept(size: tuple[int, int]) -> None:
    """The outer quarters along the longer side are red, the centre is blue."""
    image = Image.new("RGB", size, (255, 0, 0))
    left, top = (size[0] - 32) // 2, (size[1] - 32) // 2
    image.paste((0, 0, 255), (left, top, left + 32, top + 32))
    np.testing.assert_array_equal(to_square(image, 32), np.full((32, 32, 3), (0, 0, 255)))


def test_a_square_of_the_right_size_is_unchanged() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    np.testing.assert_array_equal(to_square(Image.fromarray(pixels), 32), pixels)


def test_downscaling_averages() -> None:
    """A chequerboard of single pixels turns grey; without antialiasing it would alias."""
    board = (np.indices((128, 128)).sum(axis=0) % 2 * 255).astype(np.uint8)
    square = to_square(Image.fromarray(board).convert("RGB"), 16)
    assert abs(float(square.mean()) - 127.5) < 3
    assert square.std() < 12


# Names of orientations as in the EXIF standard; each value undoes one of them.
_UNDO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@pytest.mark.parametrize("orientation", _UNDO)
def test_exif_rotation_is_applied(orientation: int, tmp_path: Path) -> None:
    """Orientation 6, say, means: turn by 90 degrees clockwise to see it upright."""
    upright = noise(30, 20)
    undo = _UNDO[orientation]
    exif = Image.Exif()
    exif[0x0112] = orientation
    lying = upright if undo is None else upright.transpose(undo)
    lying.save(tmp_path / "turned.png", exif=exif)
    found = open_image(tmp_path / "turned.png")
    np.testing.assert_array_equal(np.asarray(found), np.asarray(upright))
    assert content_hash(found) == content_hash(upright)


def test_copies_in_another_format_have_the_same_content(tmp_path: Path) -> None:
    original = noise(30, 20)
    for ending in ("png", "bmp", "tif", "ppm"):
        original.save(tmp_path / f"copy.{ending}")
        assert content_hash(open_image(tmp_path / f"copy.{ending}")) == content_hash(original)


def test_other_pixels_or_another_shape_are_another_content() -> None:
    pixels = np.asarray(noise(30, 20))
    changed = pixels.copy()
    changed[19, 29, 2] ^= 1
    shapes = (pixels, changed, pixels.reshape(30, 20, 3))
    assert len({content_hash(Image.fromarray(array)) for array in shapes}) == 3


@pytest.mark.parametrize(
    "size",
    [
        (64, 64),
        (63, 64),
        (97, 33),
        (33, 97),
        (500, 301),
        (7, 5),
        (1, 1),
        (1, 50),
        (50, 1),
        (65, 66),
    ],
    ids=str,
)
@pytest.mark.parametrize("side", [16, 33, 64])
def test_squares_are_torchvisions(size: tuple[int, int], side: int) -> None:
    from torchvision.transforms import v2

    image = noise(*size)
    resize = v2.Resize(side, v2.InterpolationMode.BICUBIC, antialias=True)
    expected = np.asarray(v2.CenterCrop(side)(resize(image)))
    np.testing.assert_array_equal(to_square(image, side), expected)


def test_long_and_thin_images_cost_no_memory() -> None:
    """Resized as a whole, this one would hold two billion pixels; it is grey in the middle."""
    image = Image.new("RGB", (2, 60_000), (255, 0, 0))
    image.paste((9, 9, 9), (0, 29_000, 2, 31_000))
    np.testing.assert_array_equal(to_square(image, 256), np.full((256, 256, 3), 9))


@pytest.mark.parametrize("number", [errno.EIO, errno.EMFILE, errno.ESTALE])
def test_a_failing_disk_is_no_fault_of_the_image(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "whole.png"
    noise(20, 20).save(path)

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(Path, "open", fail)
    with pytest.raises(StorageError, match=r"whole\.png cannot be read"):
        open_image(path)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_cutting_any_file_anywhere_never_crashes(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "image"
    noise(24, 24).save(path, format=kind)
    data = path.read_bytes()
    assert read_square(path, 16).shape == (16, 16, 3)
    for length in range(1, len(data), max(1, len(data) // 60)):
        path.write_bytes(data[:length])
        with contextlib.suppress(UnusableImageError):
            assert read_square(path, 16).shape == (16, 16, 3)


def test_missing_file_and_folder_say_why(tmp_path: Path) -> None:
    (tmp_path / "dangling.jpg").symlink_to(tmp_path / "nowhere")
    with pytest.raises(UnusableImageError, match="No such file"):
        read_square(tmp_path / "dangling.jpg", 16)
    with pytest.raises(UnusableImageError, match="not a regular file"):
        read_square(tmp_path, 16)


def test_floating_point_pixels_are_refused() -> None:
    with pytest.raises(UnusableImageError, match="floating-point"):
        to_rgb(Image.fromarray(np.zeros((20, 20), np.float32)))
