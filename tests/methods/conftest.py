from collections.abc import Iterator

import pytest

from tatl_search.nets.threads import torch_threads


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    with torch_threads(1):
        yield
