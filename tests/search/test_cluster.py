"""Addresses that lead nowhere are told at once."""

import socket

import pytest

from tatl_search.errors import RunError
from tatl_search.search.cluster import check_listening


def test_somebody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        check_listening(f"127.0.0.1:{server.getsockname()[1]}")


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(RunError, match=rf"'127\.0\.0\.1:{port}': .*refused.* `ray status`"):
        check_listening(f"127.0.0.1:{port}")


def test_no_such_port() -> None:
    with pytest.raises(RunError, match=r"no Ray cluster at '127\.0\.0\.1:99999'"):
        check_listening("127.0.0.1:99999")


@pytest.mark.parametrize("address", ["auto", "local", "ray://127.0.0.1:1"])
def test_other_addresses_are_for_ray_to_judge(address: str) -> None:
    check_listening(address)
