"""The verb `judge`, on copies of a real run: what it measures, logs, keeps and refuses."""

import json
import shutil
from pathlib import Path

import pytest

import tatl_search
from tatl_search.adaptation.stages import StageStore
from tatl_search.config import read_settings
from tatl_search.data.batches import InputForm, evaluation_batches
from tatl_search.data.sources import stored_target
from tatl_search.manifest import SweepFolder
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.structure import load_network
from tatl_search.results.front import front_of
from tatl_search.results.store import load_sweep
from tatl_search.search.lock import only_driver
from tests.cli.conftest import Tatl


@pytest.fixture
def run(adapted: Path, tmp_path: Path) -> Path:
    """Return a copy of the run, to be judged, whose test split nobody has opened."""
    return unopened(adapted, tmp_path / "run")


def unopened(run: Path, to: Path) -> Path:
    """Copy a run without the log of its test split: other tests export it."""
    copy = Path(shutil.copytree(run, to))
    SweepFolder(copy).test_log.unlink(missing_ok=True)
    return copy


def openings(run: Path) -> list[str]:
    log = SweepFolder(run).test_log
    return log.read_text().splitlines() if log.exists() else []


def test_a_front_is_judged_once(run: Path, tatl: Tatl) -> None:
    ended = tatl("judge", run, "--json")
    assert ended.code == 0
    (told,) = json.loads(ended.out)
    results = load_sweep(run)
    front = front_of(results).distinct()
    assert {row.stage for row in front} <= {row.stage for row in results.judged}
    assert told["test"]["missing"] == 0
    found = told["test"]["log_area"]
    assert found["validation"] == pytest.approx(told["log_area"])
    assert found["bias"] == pytest.approx(found["validation"] - found["test"])
    (line,) = openings(run)
    assert json.loads(line)["why"].startswith("judging ")

    before = results.judged
    again = tatl("judge", run, "--json")
    assert again.out == ended.out
    assert openings(run) == [line]  # nothing was new: the split stayed shut
    assert load_sweep(run).judged == before
    assert tatl_search.judge(run).log_area is not None


def test_who_read_the_sweep_before_it_was_judged_opens_nothing_again(
    run: Path, tatl: Tatl, tmp_path: Path
) -> None:
    read_before = load_sweep(run)
    (tmp_path / "link").symlink_to(run)
    ended = tatl("judge", run, run, tmp_path / "link", "--json")
    assert ended.code == 0
    assert len(json.loads(ended.out)) == 3
    assert len(openings(run)) == 1
    before = load_sweep(run).judged
    assert tatl_search.judge(read_before).missing == 0
    assert len(openings(run)) == 1
    assert load_sweep(run).judged == before


def test_figures_are_those_of_the_test_images(run: Path, tatl: Tatl) -> None:
    assert tatl("judge", run).code == 0
    results = load_sweep(run)
    record = results.judged[0]
    row = next(row for row in results.candidates if row.stage == record.stage)
    network, _, size = load_network(results.folder.stages / row.stage)
    split = stored_target(read_settings(row.settings).data, results.folder.data).open_test("a test")
    batches = evaluation_batches(split, 64, InputForm(size, network.preprocessing, "cpu"))
    expected = evaluate(network.module, batches)
    assert (record.accuracy, record.test_images) == (expected.accuracy, len(split))
    assert record.macro_f1 == expected.macro_f1


def test_what_is_new_is_judged_by_an_opening_that_warns(
    run: Path, tatl: Tatl, caplog: pytest.LogCaptureFixture
) -> None:
    tatl("judge", run)
    judged = sorted(SweepFolder(run).judged.iterdir())
    times = {path: path.stat().st_mtime_ns for path in judged[1:]}
    judged[0].unlink()
    assert "opened again" not in caplog.text
    assert tatl("judge", run).code == 0
    assert "opened again" in caplog.text
    assert len(openings(run)) == 2
    assert judged[0].exists()
    assert {path: path.stat().st_mtime_ns for path in times} == times


def test_an_evicted_network_is_brought_back(run: Path, tatl: Tatl) -> None:
    stage = front_of(load_sweep(run)).distinct()[-1].stage
    store = StageStore(SweepFolder(run).stages)
    assert store.evict(stage)
    assert tatl("judge", run).code == 0
    assert stage in {row.stage for row in load_sweep(run).judged}
    assert not store.is_evicted(stage)


def test_a_network_that_is_gone_is_named_and_the_others_are_judged(run: Path, tatl: Tatl) -> None:
    row = front_of(load_sweep(run)).distinct()[-1]
    shutil.rmtree(SweepFolder(run).stages / row.stage)
    ended = tatl("judge", run)
    assert ended.code == 1
    assert f"not judged: adapted, {row.label}: the network of {row.label} is gone" in ended.err
    assert "were not judged on test" in " ".join(ended.out.split())
    judged = {record.stage for record in load_sweep(run).judged}
    assert judged
    assert row.stage not in judged


def test_other_images_are_found_out_before_the_split_is_opened(run: Path, tatl: Tatl) -> None:
    """The stored weights are another network's: validation does not give what the rows say."""
    results = load_sweep(run)
    first, last = (front_of(results).distinct()[place].stage for place in (0, -1))
    rows = {row.stage: row for row in results.candidates}
    assert rows[first].macs != rows[last].macs
    stages = SweepFolder(run).stages
    for name in ("structure.json", "weights.safetensors", "metrics.json"):
        shutil.copyfile(stages / first / name, stages / last / name)
    ended = tatl("judge", run)
    assert ended.code == 1
    assert f"{rows[last].label}: the stored network" in ended.err


def test_what_cannot_be_judged_is_refused_before_any_split_is_opened(
    run: Path, adapted: Path, tmp_path: Path, tatl: Tatl
) -> None:
    other = unopened(adapted, tmp_path / "other")
    with only_driver(SweepFolder(other)):
        ended = tatl("judge", run, other)
    assert ended.code == 2
    assert "other is running" in ended.err
    shutil.rmtree(other / "candidates")
    ended = tatl("judge", run, other)
    assert (ended.code, "other holds no candidates yet" in ended.err) == (2, True)
    assert openings(run) == openings(other) == []
    assert tatl("judge", tmp_path / "none").code == 2


def test_front_and_compare_show_it(run: Path, adapted: Path, tatl: Tatl) -> None:
    tatl("judge", run)
    assert "bias of selection" in " ".join(tatl("front", run).out.split())
    ended = tatl("compare", "--label", f"judged={run}", "--label", f"not={adapted}", "--json")
    judged, other = json.loads(ended.out)["arms"]
    assert judged["log_area_bias"]["mean"] == pytest.approx(
        judged["log_area"]["mean"] - judged["test_log_area"]["mean"]
    )
    assert other["log_area_bias"] is None
    assert judged["wall_seconds"]["mean"] > 0.0
