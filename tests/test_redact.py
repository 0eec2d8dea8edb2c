"""No credentials in what people and logs are shown."""

import pytest

from tatl_search.redact import without_credentials


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://me:pass@head:8265/", "http://***@head:8265/"),
        ("s3://KEY:SECRET@bucket/sweeps", "s3://***@bucket/sweeps"),
        ("s3://b/s?secret_key=abc&region=eu", "s3://b/s?secret_key=***&region=eu"),
        (
            "at 'https://h/x?sig=1&X-Amz-Signature=abc'",
            "at 'https://h/x?sig=1&X-Amz-Signature=***'",
        ),
        ("two: gs://a@b/c and ftp://d:e@f", "two: gs://***@b/c and ftp://***@f"),
        ("/shared/sweeps/me@home", "/shared/sweeps/me@home"),
    ],
)
def test_credentials_are_left_out(text: str, shown: str) -> None:
    assert without_credentials(text) == shown
