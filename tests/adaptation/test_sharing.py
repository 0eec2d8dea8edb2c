"""Two machines with folders of their own and one URI: what one computed, the other takes."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tatl_search.adaptation.sharing import METRICS, WEIGHTS, Elsewhere
from tatl_search.adaptation.stages import StageStore
from tatl_search.core.spent import Spent
from tatl_search.methods.context import Learnt
from tatl_search.remote.mirror import Mirror
from tests.adaptation.test_stages import metrics, write_network
from tests.s3 import Way, endpoint


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Way]:
    with endpoint(monkeypatch) as way:
        yield way


@pytest.fixture(params=["file", "s3"])
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return where the sweep lies: in a folder that is named by a URI, and in a bucket."""
    if request.param == "file":
        return (tmp_path / "shared").as_uri()
    way: Way = request.getfixturevalue("s3")
    return way.uri("sweep")


def store_on(machine: Path, uri: str) -> StageStore:
    stages = machine / "stages"
    return StageStore(stages, elsewhere=Elsewhere(Mirror(machine, uri), stages))


def test_a_stage_is_computed_once_for_all_machines(tmp_path: Path, uri: str) -> None:
    first, second = (store_on(tmp_path / name, uri) for name in ("first", "second"))
    made = first.get_or_compute("k", "me", write_network)
    found = second.get_or_compute("k", "you", lambda _: pytest.fail("computed"))
    assert found.folder == tmp_path / "second" / "stages" / "k"
    assert (found.owner, found.metrics) == (made.owner, made.metrics) == ("me", metrics())
    for path in made.folder.iterdir():
        assert (found.folder / path.name).read_bytes() == path.read_bytes()
    assert store_on(tmp_path / "third", uri).holds("k")
    assert store_on(tmp_path / "third", uri).find("k") is not None
    assert store_on(tmp_path / "third", uri).find("absent") is None


def test_one_that_was_stored_but_not_sent_is_sent(tmp_path: Path, uri: str) -> None:
    StageStore(tmp_path / "first" / "stages").get_or_compute("k", "me", write_network)
    assert not store_on(tmp_path / "second", uri).holds("k")
    store_on(tmp_path / "first", uri).get_or_compute("k", "me", lambda _: pytest.fail("computed"))
    assert store_on(tmp_path / "second", uri).holds("k")


@pytest.mark.parametrize("name", [METRICS, WEIGHTS])
def test_one_that_is_not_whole_is_computed_and_mended(tmp_path: Path, uri: str, name: str) -> None:
    made = store_on(tmp_path / "first", uri).get_or_compute("k", "me", write_network)
    mirror = Mirror(tmp_path / "first", uri)
    (made.folder / name).write_bytes(b"torn")
    mirror.send(made.folder / name)
    mended = store_on(tmp_path / "second", uri).get_or_compute("k", "somebody", write_network)
    assert mended.owner == "somebody"
    third = store_on(tmp_path / "third", uri)
    assert third.get_or_compute("k", "x", lambda _: pytest.fail("computed")).owner == "somebody"


def test_eviction_removes_the_weights_there_too(tmp_path: Path, uri: str) -> None:
    first, second = (store_on(tmp_path / name, uri) for name in ("first", "second"))
    made = first.get_or_compute("k", "me", write_network)
    (held,) = second.holdings()  # known by what is said of it
    assert held.stage.metrics == metrics()
    assert held.size_bytes > metrics().size_bytes
    assert not held.evicted
    assert not (tmp_path / "second" / "stages" / "k" / WEIGHTS).exists()

    del first
    assert second.evict("k")
    names = Mirror(tmp_path / "first", uri).names(made.folder)
    assert {path.name for path in names} == {METRICS, "structure.json"}
    third = store_on(tmp_path / "third", uri)
    assert third.holds("k")
    assert third.find("k") is None
    assert third.get_or_compute("k", "you", write_network).owner == "you"
    assert store_on(tmp_path / "fourth", uri).find("k") is not None


def test_what_is_learnt_of_a_network_is_learnt_once(tmp_path: Path, uri: str) -> None:
    first, second = (store_on(tmp_path / name, uri) for name in ("first", "second"))
    stage = first.get_or_compute("k", "me", write_network)
    learnt = Learnt({"conv": np.arange(3.0)}, Spent(images_trained=7))
    assert first.learnt(stage, "ranking", lambda: learnt)[1]
    found, computed = second.learnt(
        second.get_or_compute("k", "you", write_network),
        "ranking",
        lambda: pytest.fail("learnt again"),
    )
    assert not computed
    assert found.spent.images_trained == 7
    np.testing.assert_array_equal(found.arrays["conv"], np.arange(3.0))
