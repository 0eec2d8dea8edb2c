import contextlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tatl_search.data.images import UnusableImageError, open_image, to_rgb, to_square
from tatl_search.data.target import Pixels


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


def test_exif_rotation_is_applied(tmp_path: Path) -> None:
    """Orientation 6 says: turn by 90 degrees clockwise; the top row becomes the right column."""
    image = Image.new("RGB", (32, 32), (0, 0, 0))
    image.paste((255, 255, 255), (0, 0, 32, 16))
    exif = Image.Exif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif, quality=100)
    square = read_square(tmp_path / "turned.jpg", 32)
    assert square[:, :14].max() < 40
    assert square[:, 18:].min() > 215


def test_unusable_files_say_why(tmp_path: Path) -> None:
    whole = tmp_path / "whole.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(whole)
    files: dict[str, bytes] = {
        "empty.jpg": b"",
        "text.png": b"not an image at all",
        "short.jpg": whole.read_bytes()[: whole.stat().st_size // 2],
        "head.jpg": whole.read_bytes()[:20],
        "drawing.eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
    }
    reasons = {}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnusableImageError) as caught:
            read_square(tmp_path / name, 16)
        reasons[name] = str(caught.value)
    assert reasons["empty.jpg"] == "empty file"
    assert reasons["text.png"] == "not an image"
    assert reasons["drawing.eps"] == "not an image"
    assert "truncated" in reasons["short.jpg"]
    assert reasons["head.jpg"]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", ["PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM"])
def test_cutting_any_file_anywhere_never_crashes(kind: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(1).integers(0, 256, (24, 24, 3), dtype=np.uint8)
    path = tmp_path / "image"
    Image.fromarray(noise).save(path, format=kind)
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
