"""Images with 16 bits a channel, of which people use 8, 10, 12 or all."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from pydantic import ValidationError

from tatl_search.config import DataSettings
from tatl_search.data.checking import examine
from tatl_search.data.publishing import publish
from tatl_search.data.ranges import say_ranges
from tatl_search.data.reading import PEAK, SIXTEEN_BITS, UnusableImageError, read_image
from tatl_search.data.sources import load_pack, load_target, origin_of, packed_name
from tatl_search.errors import InputError
from tests.data.odd_files import png16

SIDE = 16


def write_ramp(path: Path, high: int, turned: int = 0) -> npt.NDArray[np.uint16]:
    """Write a PNG with 16 bits a channel that holds values from 0 to `high`, and return them."""
    values = np.roll(np.linspace(0, high, SIDE * SIDE), turned)
    ramp = values.reshape(SIDE, SIDE).astype(np.uint16)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ramp).save(path)
    return ramp


def write_set(root: Path, highs: list[int]) -> Path:
    """Write two classes with an image of each of these ranges; no two are copies."""
    for place, name in enumerate(("cat", "dog")):
        for number, high in enumerate(highs):
            write_ramp(root / name / f"{number}.png", high, 2 * number + place)
    return root


def settings(path: Path, **changes: object) -> DataSettings:
    given = {"source": "folder", "path": str(path), "image_size": SIDE, **changes}
    return DataSettings.model_validate(given)


@pytest.mark.parametrize("high", [255, 1023, 4095, 65535])
def test_what_is_said_to_be_white_becomes_white(high: int, tmp_path: Path) -> None:
    ramp = write_ramp(tmp_path / "ramp.png", high)
    image = read_image(tmp_path / "ramp.png", high)
    expected = (ramp >> (high.bit_length() - 8)).astype(np.uint8)
    np.testing.assert_array_equal(np.asarray(image)[..., 0], expected)
    assert image.info[PEAK] == high


def test_values_beyond_what_is_white_are_white(tmp_path: Path) -> None:
    ramp = write_ramp(tmp_path / "ramp.png", 8190)
    found = np.asarray(read_image(tmp_path / "ramp.png", 4095))[..., 0]
    assert (found[ramp >= 4095] == 255).all()


def test_images_that_use_a_part_of_16_bits_are_told_of(tmp_path: Path) -> None:
    root = write_set(tmp_path, [4095, 4095, 65535])
    found = examine(load_pack(settings(root)), settings(root))
    remark = found.remarks[0]
    for part in ("of 6 images", "4 hold no value above 4095", "16 of 256", "sixteen_bit_max=4095"):
        assert part in remark
    assert remark in load_target(settings(root)).notes


@pytest.mark.parametrize(
    ("peaks", "white", "told"),
    [
        ([], SIXTEEN_BITS, []),
        ([65535, 30000], SIXTEEN_BITS, []),
        ([65535, 5000], SIXTEEN_BITS, []),
        ([65535, 4095], SIXTEEN_BITS, ["of 2 images with 16 bits a channel 1 hold"]),
        ([16383, 9000], SIXTEEN_BITS, ["sixteen_bit_max=16383"]),
        ([200, 17], SIXTEEN_BITS, ["1 of 256 shades", "sixteen_bit_max=255"]),
        ([0], SIXTEEN_BITS, ["sixteen_bit_max=255"]),
        ([4095, 4000], 4095, []),
        ([4095, 5000], 4095, ["1 hold values above data.sixteen_bit_max=4095, up to 5000"]),
        ([255, 255], 4095, ["16 of 256 shades", "sixteen_bit_max=255"]),
    ],
)
def test_what_is_told_of_ranges(peaks: list[int], white: int, told: list[str]) -> None:
    said = " ".join(say_ranges(peaks, white))
    assert bool(said) == bool(told)
    for part in told:
        assert part in said


def test_with_the_range_said_nothing_is_told_and_all_shades_are_kept(tmp_path: Path) -> None:
    root = write_set(tmp_path, [4095] * 4)
    narrow = load_pack(settings(root))
    wide = load_pack(settings(root, sixteen_bit_max=4095))
    assert len(narrow.notes) == 1
    assert wide.notes == ()
    assert len(np.unique(narrow.columns.images)) == 16
    assert len(np.unique(wide.columns.images)) == 256
    assert (narrow.head.sixteen_bit_max, wide.head.sixteen_bit_max) == (SIXTEEN_BITS, 4095)


def test_colours_of_16_bits_are_told_of_and_cannot_be_stretched(tmp_path: Path) -> None:
    (tmp_path / "narrow.png").write_bytes(png16((0x0FFF, 0x0A0, 0x01E)))
    (tmp_path / "wide.png").write_bytes(png16((0xC8FF, 0x0A0, 0x01E)))
    assert read_image(tmp_path / "narrow.png").info[PEAK] == 4095
    assert read_image(tmp_path / "wide.png").info[PEAK] == 0xC8FF
    with pytest.raises(UnusableImageError, match="upper 8"):
        read_image(tmp_path / "narrow.png", 4095)


def test_8_bits_have_no_such_range(tmp_path: Path) -> None:
    Image.new("L", (9, 9), 3).save(tmp_path / "grey.png")
    for white in (SIXTEEN_BITS, 4095):
        image = read_image(tmp_path / "grey.png", white)
        assert image.getpixel((0, 0)) == (3, 3, 3)
        assert PEAK not in image.info


def test_only_a_range_that_is_not_the_default_names_another_packed_file(tmp_path: Path) -> None:
    default = packed_name(settings(tmp_path))
    assert packed_name(settings(tmp_path, sixteen_bit_max=SIXTEEN_BITS)) == default
    assert packed_name(settings(tmp_path, sixteen_bit_max=4095)) != default


def test_the_range_is_part_of_what_was_learnt_from(tmp_path: Path) -> None:
    root = write_set(tmp_path, [4095] * 9)
    default, same, other = (
        load_target(settings(root, sixteen_bit_max=white)).fingerprint
        for white in (None, SIXTEEN_BITS, 4095)
    )
    assert default == same != other


def test_a_packed_file_knows_its_range(tmp_path: Path) -> None:
    root = write_set(tmp_path / "set", [4095] * 9)
    place = tmp_path / "set.arrow"
    publish(origin_of(settings(root, sixteen_bit_max=4095)), str(place))
    for given in (None, 4095):
        target = load_target(settings(place, source="packed", sixteen_bit_max=given))
        assert target.sixteen_bit_max == 4095
    with pytest.raises(InputError, match=r"sixteen_bit_max is 1023, but .* packed with 4095"):
        load_target(settings(place, source="packed", sixteen_bit_max=1023))


@pytest.mark.parametrize(
    "given",
    [
        {"source": "digits"},
        {"source": "mit67", "path": "x"},
        {"sixteen_bit_max": 254},
        {"sixteen_bit_max": 65536},
    ],
    ids=json.dumps,
)
def test_settings_of_a_range_that_make_no_sense(given: dict[str, object]) -> None:
    base = {"source": "folder", "path": "x", "sixteen_bit_max": 4095}
    with pytest.raises(ValidationError, match="sixteen_bit_max"):
        DataSettings.model_validate(base | given)
