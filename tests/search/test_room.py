"""Waiting for nodes that can run trials."""

import logging

import pytest

from tatl_search.config import SweepSettings
from tatl_search.errors import InputError
from tatl_search.search import room
from tatl_search.search.cluster import node_cpus
from tatl_search.search.room import Room, await_room

pytestmark = pytest.mark.usefixtures("ray_here")

TOO_LARGE = SweepSettings(cpus_per_trial=4096)


def test_where_there_is_room_nobody_waits(caplog: pytest.LogCaptureFixture) -> None:
    await_room(SweepSettings(cpus_per_trial=node_cpus()), joining=True)
    assert caplog.messages == []


def test_where_nobody_can_join_it_is_refused_at_once(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(InputError, match=f"the largest node has {node_cpus()} CPUs and 0 GPUs$"):
        await_room(TOO_LARGE, joining=False)
    assert caplog.messages == []


def test_who_waits_in_vain_was_told_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(room, "JOIN_S", 0.0)
    with caplog.at_level(logging.WARNING), pytest.raises(InputError, match="is 4096 and"):
        await_room(TOO_LARGE, joining=True)
    (message,) = caplog.messages
    assert message.endswith("CPUs and 0 GPUs. Waiting 0 minutes for one to join")


def test_room_is_asked_for_once_and_within_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(room, "request_resources", lambda bundles: asked.append(len(bundles)))
    few = Room(SweepSettings(max_concurrent=3))
    for trials in (7, 5, 3, 2, 2, 0):
        few.ask(trials)
    assert asked == [3, 2, 0]
    Room(SweepSettings()).ask(10_000)
    assert asked[-1] == room.MOST
