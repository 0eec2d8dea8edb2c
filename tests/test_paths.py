"""One rule for paths as people write them."""

from pathlib import Path

import pytest

from tatl_search.errors import InputError
from tatl_search.paths import filled_in, likely_path, user_path


@pytest.fixture(autouse=True)
def _surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/me")
    monkeypatch.setenv("PLACE", "/data")
    monkeypatch.delenv("UNSET", raising=False)


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("images", "images"),
        ("~", "/home/me"),
        ("~/images", "/home/me/images"),
        ("$PLACE/images", "/data/images"),
        ("${PLACE}s", "/datas"),
        ("a$", "a$"),
        ("./~nobody", "~nobody"),
    ],
)
def test_home_and_variables_are_filled_in(text: str, path: str) -> None:
    assert user_path(text, "--to") == Path(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("~nobody-of-this-name/x", "a home that is not known here"),
        ("$UNSET/x", "$UNSET names an environment variable that is not set"),
        ("${UNSET}/x", "${UNSET} names an environment variable that is not set"),
        ("a\0b", "holds a zero byte"),
    ],
)
def test_what_cannot_be_filled_in_is_refused(text: str, said: str) -> None:
    with pytest.raises(InputError, match=r"^--to: ") as caught:
        user_path(text, "--to")
    assert said in str(caught.value)
    assert "\0" not in str(caught.value)


def test_a_uri_keeps_its_slashes() -> None:
    assert filled_in("s3://bucket$PLACE", "data.path") == "s3://bucket/data"


@pytest.mark.parametrize("name", ["~nobody-of-this-name.png", "$UNSET.png", "$PLACE.png"])
def test_names_of_files_may_hold_such_signs(name: str) -> None:
    assert likely_path(name) == Path(name.replace("$PLACE", "/data"))
