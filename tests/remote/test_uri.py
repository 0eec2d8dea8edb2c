"""URIs of storage."""

import pytest

from tatl_search.errors import InputError
from tatl_search.remote.uri import below, checked_uri, is_uri, last_name


def test_paths_and_uris_are_told_apart() -> None:
    assert [is_uri(text) for text in ("s3://b/x", "file:///x", "sweeps", "C:/x", "a:b//c")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_a_name_goes_before_the_options() -> None:
    uri = below("s3://bucket/all/?region=eu-west-1", "first")
    assert uri == "s3://bucket/all/first?region=eu-west-1"
    assert last_name(uri) == "first"


@pytest.mark.parametrize(
    "uri",
    [
        "s3://AKIAKEY:hidden@bucket/x", "s3://AKIAKEY@bucket/x", "gs://me:hidden@bucket",
        "s3://bucket/x?secret_key=hidden", "s3://bucket/x?access_key=hidden",
    ],
)  # fmt: skip
def test_credentials_are_refused_and_not_repeated(uri: str) -> None:
    with pytest.raises(InputError, match="AWS_SECRET_ACCESS_KEY") as refused:
        checked_uri(uri)
    assert "hidden" not in str(refused.value)
    assert "AKIAKEY" not in str(refused.value)


def test_unknown_schemes_are_refused() -> None:
    with pytest.raises(InputError, match="'ftp://' is not known; write a path, or s3://, gs://"):
        checked_uri("ftp://host/x")
    assert checked_uri("gs://anonymous@bucket/x") == "gs://anonymous@bucket/x"
