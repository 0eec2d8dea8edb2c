import pytest
from pydantic import ValidationError

from tatl_search.config import DataSettings
from tatl_search.data.boxes import to_box
from tatl_search.errors import InputError


def test_edges_are_rounded_to_whole_pixels() -> None:
    assert to_box(0.4, 1.6, 10.0, 20.2, "somewhere") == (0, 2, 10, 20)
    with pytest.raises(InputError, match=r"somewhere: .* \(0, 2, 0, 20\) make no box"):
        to_box(0.4, 1.6, 0.2, 20.2, "somewhere")


@pytest.mark.parametrize("source", ["digits", "folder", "mit67", "torchvision/MNIST"])
def test_asked_for_of_a_source_without_boxes(source: str) -> None:
    with pytest.raises(ValidationError, match=f"'{source}' brings no boxes; cub200, dog120, stanf"):
        DataSettings(source=source, path="x", crop_to_box=True)


@pytest.mark.parametrize("source", ["folder", "cub200"])
def test_download_of_what_cannot_be_fetched(source: str) -> None:
    with pytest.raises(ValidationError, match=f"'{source}' cannot be fetched; flower102 and torch"):
        DataSettings(source=source, path="x", download=True)
