"""What arms are compared on: drawn letters, one cut and training, areas of judged fronts."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import pytest
import torch
from PIL import Image, ImageFont

from benchmarks import letters, one_cut, own_sweep
from benchmarks.arm import Row, Task, judge, note, noted, until
from benchmarks.efficiency_report import draw, log_areas, tables
from benchmarks.judging import affordable, area, bias, log_area
from benchmarks.rows import read, write
from benchmarks.tasks import TASKS, TUNING_SEEDS
from tatl_search.config import AdaptationConfig
from tatl_search.core.pareto import area_under_front, log_area_under_front
from tatl_search.data import load_target
from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder
from tatl_search.nets.activations import mean_activations
from tatl_search.nets.cost import count_macs
from tatl_search.nets.groups import find_groups
from tatl_search.nets.head import classifier_name
from tatl_search.nets.zoo import LoadedNetwork, build
from tatl_search.newcomer.opening import completed
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults
from tatl_search.search.variants import middle
from tatl_search.space import Written
from tests.results.conftest import manifest
from tests.tracking.made import made_candidate

SIDE = TASKS["digits"].image_size
BUNDLED = sorted((Path(matplotlib.get_data_path()) / "fonts" / "ttf").glob("DejaVu*.ttf"))


def row(share: float, accuracy: float, judged: float, images: int = 100) -> Row:
    return Row("arm", 0, f"{share}", accuracy, share, images, images * share, 1.0, judged)


def test_areas_are_those_of_the_product_where_judge_and_validation_agree() -> None:
    rows = [row(0.02, 0.5, 0.5), row(0.3, 0.7, 0.7), row(0.2, 0.6, 0.6), row(1.0, 0.9, 0.9)]
    accuracy, share = np.array([(found.judged, found.macs_share) for found in rows]).T
    assert math.isclose(log_area(rows), log_area_under_front(accuracy, share))
    assert math.isclose(area(rows), area_under_front(accuracy, share))
    assert math.isclose(bias(rows), 0.0, abs_tol=1e-12)


def test_who_chooses_by_validation_pays_for_it() -> None:
    lucky = [row(0.1, 0.8, 0.5), row(0.1, 0.7, 0.6)]
    assert affordable(lucky, 0.1) == 0.5
    assert affordable(lucky, 0.09) == 0.0
    assert math.isclose(bias(lucky), (0.8 - 0.5) / 2)  # a tenth is half of the way to 1 %


def test_fonts_of_one_split_are_in_no_other_and_judges_are_always_the_same() -> None:
    listed = [letters.Font("p", Path(f"{number}.ttf")) for number in range(86)]
    seeds = {seed: letters.shared_out(listed, seed) for seed in (0, 1, *TUNING_SEEDS)}
    for splits in seeds.values():
        fonts = [font for chosen in splits.values() for font in chosen]
        assert len(fonts) == len(set(fonts))
        assert {split: len(chosen) for split, chosen in splits.items()} == {
            "train": 20, "val": 16, "test": 43,
        }  # fmt: skip
        assert splits["test"] == seeds[0]["test"]
    assert seeds[0]["train"] != seeds[1]["train"]


def test_the_list_names_fonts_once_and_what_to_install(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="apt-get install") as refused:
        letters.fonts(tmp_path)
    assert "fonts-liberation" in str(refused.value)
    lines = letters.LIST.read_text(encoding="utf-8").splitlines()
    named = [line for line in lines if not line.startswith("#")]
    assert len(named) == len(set(named)) >= 72


def test_letters_are_a_tree_that_the_product_reads(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    some = [letters.Font("bundled", path) for path in BUNDLED[:6]]
    monkeypatch.setattr(letters, "fonts", lambda: some)
    monkeypatch.setattr(letters, "TRAINING_FONTS", 2)
    monkeypatch.setattr(letters, "VALIDATION_FONTS", 1)
    monkeypatch.setattr(letters, "CHARACTERS", "Aa0")
    letters.draw(tmp_path / "letters", seed=0)
    data = AdaptationConfig.model_validate(
        {"data": {"source": "folder", "path": str(tmp_path / "letters"), "image_size": 64}}
    ).data
    target = load_target(data, tmp_path / "packed")
    assert target.class_names == ("capital-a", "digit-0", "small-a")
    assert (len(target.train), len(target.val), len(target.open_test("a test"))) == (6, 3, 9)


def test_no_two_classes_differ_in_capitals_alone() -> None:
    names = {letters.class_name(character).casefold() for character in letters.CHARACTERS}
    assert len(names) == len(letters.CHARACTERS) == 62


def test_a_capital_is_larger_than_a_small_letter_and_nothing_is_cut_off() -> None:
    face = ImageFont.truetype(str(BUNDLED[0]), letters.HEIGHT)
    drawn = {c: np.asarray(letters.glyph(face, c)) for c in "OoWgjQ"}
    ink = {c: np.argwhere(pixels < 128) for c, pixels in drawn.items()}
    assert np.ptp(ink["O"][:, 0]) > 1.2 * np.ptp(ink["o"][:, 0])
    for places in ink.values():
        assert places.min() > 0
        assert places.max() < letters.SIDE - 1


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> Task:
    work = tmp_path_factory.mktemp("work")
    config = AdaptationConfig.model_validate(
        {
            "data": {**TASKS["digits"].data(0, work), "per_class": 5, "val_per_class": 5},
            "network": {"name": "timm/test_efficientnet", "weights": "random"},
        }
    )
    return Task.open(config, work / "data")


def test_one_cut_meets_the_share_by_one_ratio_and_keeps_the_strongest(task: Task) -> None:
    torch.manual_seed(0)
    network = build(task.config.network, 10, SIDE)
    before = {group.name: group for group in find_groups(network.module, SIDE)}
    strength = mean_activations(
        network.module, tuple(before.values()), task.images(network, "train")
    )
    stem = next(iter(before))  # reads the image, whose channels stay
    stem_weight = weight_of(network, stem).clone()
    head = classifier_name(network.module)
    head_rows = weight_of(network, head).clone()
    one_cut.cut(network, task, 0.2)
    assert 0.15 < count_macs(network.module, SIDE) / task.reference <= 0.2
    after = {group.name: group.width for group in find_groups(network.module, SIDE)}
    ratios = [after[group] / before[group].width for group in after if before[group].width > 15]
    assert max(ratios) - min(ratios) < 0.07
    strongest = np.sort(np.argsort(strength[stem], kind="stable")[-after[stem] :])
    assert torch.equal(weight_of(network, stem), stem_weight[torch.from_numpy(strongest)])
    assert len(weight_of(network, head)) == len(head_rows)
    assert not torch.isin(weight_of(network, head), head_rows).any()


def weight_of(network: LoadedNetwork, layer: str) -> torch.Tensor:
    weight = network.module.get_submodule(layer).weight
    assert isinstance(weight, torch.Tensor)
    return weight.detach()


def test_one_cut_trains_the_images_it_tells_of(
    task: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(one_cut, "IMAGES", 100)
    monkeypatch.setattr(one_cut, "SHARES", (0.1, 1.0))
    one_cut.search(task, tmp_path, images=350)
    rows, places = noted(tmp_path, "one_cut", task)
    assert [found.images_trained for found in rows] == [100, 200, 300]
    assert [found.macs_share <= share for found, share in zip(rows, (0.1, 1.0, 0.1), strict=True)]
    assert rows[1].macs_share == 1.0
    assert math.isclose(rows[2].work, 100 * sum(found.macs_share for found in rows))
    judged = judge(rows, places, task.judge("a test"))
    assert not math.isnan(judged[0].judged)
    write(tmp_path / "rows.parquet", judged)
    again = read(tmp_path / "rows.parquet", Row)
    assert [found.name for found in until(again, 200)] == ["0-0.1", "1-1"]
    assert log_areas(again)[0] == log_area(judged[:1])


def test_a_network_is_judged_at_the_size_it_works_at(task: Task, tmp_path: Path) -> None:
    config = task.config.model_copy(update={"data": task.config.data.at_size(24)})
    smaller = Task.open(config, task.packed)
    network = build(config.network, 10, 24)
    note(tmp_path, "small", network, smaller, 0.1, 0, 0.0)
    expected = smaller.judge("a test")(tmp_path / "networks" / "small")
    assert task.judge("a test")(tmp_path / "networks" / "small") == expected


def test_a_sweep_pays_for_what_it_trained_itself_and_baselines_are_of_it(tmp_path: Path) -> None:
    def at(second: int, **given: Any) -> CandidateRecord:
        return made_candidate(created_at=f"2026-01-01T00:00:{second:02}+00:00", **given)

    sweep = SweepResults(
        folder=SweepFolder(tmp_path),
        manifest=manifest("made", (ACCURACY, MACS)),
        candidates=(
            at(5, label="pruned", stage="a", macs=20, images_trained=500, accuracy=0.7),
            at(9, label="again", stage="a", macs=20, images_trained=0, accuracy=0.7),
            at(7, label="input 24 px", stage="b", macs=40, images_trained=1000),
        ),
        roots=(at(3, label="unpruned", stage="root", macs=100, images_trained=1000),),
        trials=(),
        environment={},
    )
    began = datetime(2026, 1, 1, tzinfo=UTC).timestamp()
    rows, places = own_sweep.found(sweep, "minimal", 0, reference=200, began=began)
    assert [found.name for found in rows] == ["unpruned", "pruned", "input 24 px", "again"]
    assert [found.images_trained for found in rows] == [1000, 1500, 2500, 2500]
    assert [found.macs_share for found in rows] == [0.5, 0.1, 0.2, 0.1]
    assert math.isclose(rows[-1].work, 1000 * 0.5 + 500 * 0.1 + 1000 * 0.2)
    assert rows[1].seconds == 5.0
    assert [place.name for place in places] == ["root", "a", "b", "a"]


def test_a_newcomers_file_is_a_whole_search(tmp_path: Path) -> None:
    images = {**TASKS["digits"].images(0, tmp_path), "per_class": 5}
    file = own_sweep.newcomers_file(images, seed=3, budget=30_000)
    space = completed(Written.of_raw(file)).space
    config = middle(space)
    assert (config.seed, config.data.split_seed, config.data.per_class) == (3, 3, 5)
    assert space.sweep.budget.images_trained == 30_000
    assert space.sweep.start.settings
    random = completed(Written.of_raw(file, own_sweep.AT_RANDOM)).space
    assert (random.sweep.sampler, random.sweep.promote) == ("random", False)
    assert not random.sweep.start.settings
    assert random.parameters == space.parameters


def test_tables_say_what_it_took_to_pass(tmp_path: Path) -> None:
    slow = [row(0.01, 0.4, 0.4, 100), row(0.01, 0.6, 0.6, 300)]
    fast = [row(0.01, 0.5, 0.5, 50), row(0.01, 0.7, 0.7, 150)]
    runs = {"one_cut": {0: slow}, "minimal": {0: fast}}
    text = tables("digits", runs)
    assert "| one_cut 0, 0.600 | 300 | 3 | 1 | minimal | 150 | 2 | 1 |" in text
    assert "| minimal 0, 0.700 | 150 | 2 | 1 | one_cut | never | | |" in text
    draw({"digits": runs}, tmp_path / "picture.png")
    assert Image.open(tmp_path / "picture.png").width > 1000
