"""A head that is gone: people are told once, with the command that goes on."""

import socket
from types import SimpleNamespace

import pytest

from tatl_search.search import headwatch
from tatl_search.search.headwatch import head_watched
from tests.integration.nodes import wait_for


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(headwatch, "LOOK_EVERY_S", 0.05)


def test_a_head_that_is_gone_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as head:
        address = f"127.0.0.1:{head.getsockname()[1]}"
        context = SimpleNamespace(gcs_address=address)
        monkeypatch.setattr("ray.get_runtime_context", lambda: context)
        with head_watched(told.append, "tatl-search resume a"):
            head.settimeout(60)
            head.accept()  # it was looked at
            assert told == []
            head.close()
            wait_for(lambda: told, "nobody is told", 60)
    assert len(told) == 1
    assert told[0].startswith(f"Ray's head at {address} does not answer.")
    assert told[0].endswith("go on with: tatl-search resume a")
