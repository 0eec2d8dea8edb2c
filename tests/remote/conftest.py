from collections.abc import Iterator

import pytest

from tests.s3 import Way, endpoint


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    """Return the way to an empty bucket."""
    with endpoint(monkeypatch) as way:
        yield way
