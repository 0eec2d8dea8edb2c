"""What people name, and what becomes of files that say nothing of how networks are adapted."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tatl_search.errors import InputError
from tatl_search.newcomer import opening
from tatl_search.newcomer.facts import Facts
from tatl_search.newcomer.opening import name_of, open_space, to_send, written
from tatl_search.newcomer.recipe import LEAST_IMAGES, MOST_TRIALS
from tatl_search.space import load_space, space_from_raw
from tatl_search.space.packaged import packaged_names
from tests.data.made import write_idx_set, write_tree

Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Work in a folder with images/; write task.yaml in it."""
    monkeypatch.chdir(tmp_path)
    write_tree(tmp_path / "images", {"cat": 30, "dog": 30})

    def task(text: str) -> str:
        (tmp_path / "task.yaml").write_text(text, encoding="utf-8")
        return "task.yaml"

    return task


FOLDER = "data: {source: folder, path: images}\n"


def searched(named: str, *overrides: str) -> dict[str, str]:
    space = open_space(named, overrides).space
    return {name: str(found) for name, found in space.parameters}


def test_images_alone_are_a_whole_search(write: Write) -> None:
    opened = open_space(write(FOLDER))
    assert opened.facts is not None
    assert opened.facts.class_names == ("cat", "dog")
    names = {name for name, _ in opened.space.parameters}
    assert {"start", "prune.method", "data.image_size", "retrain.epochs"} <= names
    assert opened.space.sweep.trials == MOST_TRIALS
    assert opened.space.sweep.baselines
    assert opened.space.raw["data"]["path"] == "images"


def test_a_folder_is_such_a_file(write: Write) -> None:
    assert open_space("images").space.raw == open_space(write(FOLDER)).space.raw
    assert open_space("./images/").space.raw["data"]["path"] == "./images/"


def test_what_else_holds_images(write: Write, tmp_path: Path) -> None:
    write_idx_set(tmp_path / "mnist", [0, 1] * 10, [0, 1])
    assert open_space("mnist").space.raw["data"]["source"] == "idx"
    rows = [f"images/{name}/{n:03}.png,{name}" for name in ("cat", "dog") for n in range(30)]
    (tmp_path / "some.csv").write_text("\n".join(("path,label", *rows)), encoding="utf-8")
    assert open_space("some.csv").space.raw["data"]["source"] == "table"
    with pytest.raises(InputError, match=r"none\.arrow does not exist"):
        open_space("none.arrow")


@pytest.mark.parametrize("section", ["finetune", "prune", "retrain", "stop", "finish"])
def test_a_file_that_says_how_is_left_alone(write: Write, section: str) -> None:
    said = {"stop": "max_rounds", "prune": "min_filters"}.get(section, "epochs")
    named = write(f"{FOLDER}{section}: {{{said}: 3}}\n")
    assert open_space(named).facts is None
    assert open_space(named).space.raw == load_space(Path(named)).raw


@pytest.mark.parametrize(
    "text", ["prune:\n", "finetune: null\n", "seed: 3\nwandb: {mode: disabled}\n"]
)
def test_an_empty_section_says_nothing(write: Write, text: str) -> None:
    assert open_space(write(FOLDER + text)).facts is not None


def test_what_somebody_says_wins(write: Write) -> None:
    named = write(
        "base: default\n" + FOLDER + "seed: 7\n"
        "prune: {method: taylor, rounds: 3}\nretrain: {learning_rate: {low: 0.01, high: 0.02}}\n"
        "sweep: {objectives: [accuracy, parameters]}\n"
    )
    space = open_space(named).space
    assert space.raw["prune"]["method"] == "taylor"
    assert space.raw["seed"] == 7
    assert [figure.key for figure in space.sweep.objectives] == ["accuracy", "parameters"]
    found = searched(named)
    assert found["retrain.learning_rate"] == "0.01 to 0.02"
    assert "stop.target_macs_share" in found
    assert not {"prune.method", "prune.rounds"} & set(found)


@pytest.mark.parametrize("rate", ["0.5", "{low: 0.3, high: 0.9}"])
def test_a_rate_that_somebody_gives_decides_the_cuts(write: Write, rate: str) -> None:
    named = write("base: default\n" + FOLDER + f"prune: {{rate: {rate}}}\n")
    space = open_space(named).space
    assert "rounds" not in space.raw["prune"]
    assert ("prune.rate" in searched(named)) is rate.startswith("{")
    assert all(
        "prune" not in one or "rounds" not in one["prune"] for one in space.sweep.start.settings
    )
    both = write("base: default\n" + FOLDER + f"prune: {{rounds: 3, rate: {rate}}}\n")
    assert open_space(both).space.raw["prune"]["rounds"] == 3


@pytest.mark.parametrize(
    ("side", "kept", "sizes"),
    [
        ("storage_size: 40", 40, 40),
        ("storage_size: 16", 16, 16),
        ("storage_size: 512", 512, 64),
        ("storage_size: {choices: [40, 32]}", {"choices": [40, 32]}, 32),
        ("storage_size: 40, image_size: 24", 40, 24),
    ],
)
def test_images_that_are_kept_small_are_looked_at_small(
    write: Write, side: str, kept: object, sizes: object
) -> None:
    named = write(f"data: {{source: folder, path: images, {side}}}\n")
    opened = open_space(named)
    assert opened.facts is not None
    assert opened.space.raw["data"]["storage_size"] == kept
    assert opened.space.raw["data"]["image_size"] == sizes
    assert opened.space.raw.get("baselines") is None
    assert to_send(named)["data"]["storage_size"] == kept


def test_images_that_are_kept_smaller_than_the_input_are_refused(write: Write) -> None:
    named = write("data: {source: folder, path: images, storage_size: 32, image_size: 64}\n")
    with pytest.raises(InputError, match=r":1: data: storage_size 32 is below image_size 64"):
        open_space(named)


def test_a_network_of_ones_own_is_taken_as_it_is_made(write: Write) -> None:
    named = write(FOLDER + "network: {name: python/my_package.networks:build}\n")
    given = {"name": "python/my_package.networks:build"}  # and so weights: null
    assert open_space(named).space.raw["network"] == given


def test_first_trials_keep_to_what_is_left_to_search(write: Write) -> None:
    named = write(
        "base: default\n" + FOLDER + "start: pretrained\nprune: {method: l2}\n"
        "retrain: {learning_rate: {low: 0.05, high: 0.3}}\n"
        "stop: {target_macs_share: {low: 0.05, high: 0.5}}\n"
    )
    tried = open_space(named).space.sweep.start.settings
    assert tried
    assert all("start" not in trial and "method" not in trial.get("prune", {}) for trial in tried)
    shares = [trial["stop"]["target_macs_share"] for trial in tried if "stop" in trial]
    assert shares
    assert min(shares) >= 0.05
    rates = {trial["retrain"].get("learning_rate") for trial in tried}
    assert rates == {None}  # 0.04 lies beyond


def test_first_trials_of_somebody_replace_ours(write: Write) -> None:
    named = write(FOLDER + "sweep: {start: {settings: [{prune: {rounds: 2}}]}}\n")
    assert open_space(named).space.sweep.start.settings == ({"prune": {"rounds": 2}},)


@pytest.mark.parametrize(
    ("sweep", "trials", "images"),
    [
        ("{trials: 4}", 4, None),
        ("{budget: {minutes: 3}}", MOST_TRIALS, None),
        ("{trials: 4, budget: {images_trained: 9}}", 4, 9),
        ("{budget: {confirm: 0.2}}", MOST_TRIALS, LEAST_IMAGES),
    ],
)
def test_a_length_that_somebody_gives_is_the_only_one(
    write: Write, sweep: str, trials: int, images: int | None
) -> None:
    found = open_space(write(f"{FOLDER}sweep: {sweep}\n")).space.sweep
    assert (found.trials, found.budget.images_trained) == (trials, images)


def test_a_length_may_be_set(write: Write) -> None:
    found = open_space(write(FOLDER), ["sweep.trials=4"]).space.sweep
    assert (found.trials, found.budget.images_trained) == (4, None)
    found = open_space(write(FOLDER), ["sweep.budget.minutes=3"]).space.sweep
    assert (found.trials, found.budget.minutes, found.budget.images_trained) == (
        MOST_TRIALS,
        3,
        None,
    )


def test_overrides_are_on_top_and_say_nothing_of_how(write: Write) -> None:
    named = write(FOLDER)
    overrides = ["finetune.epochs=2", "data.image_size=48", "prune.method=l1"]
    opened = open_space(named, overrides)
    assert opened.facts is not None
    assert opened.space.raw["finetune"]["epochs"] == 2
    assert [one["image_size"] for one in opened.space.raw["baselines"]] == [36, 24]
    assert not {"data.image_size", "prune.method"} & {name for name, _ in opened.space.parameters}


def test_the_images_may_be_overridden(write: Write, tmp_path: Path) -> None:
    write_tree(tmp_path / "others", {"a": 9, "b": 9, "c": 9})
    opened = open_space(write("seed: 1\n"), ["data={source: folder, path: others}"])
    assert opened.facts is not None
    assert opened.facts.class_names == ("a", "b", "c")


def test_the_default_beneath_a_base(write: Write, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("base: default\nwandb: {project: lab}\n")
    space = open_space(write("base: lab.yaml\n" + FOLDER + "stop: {max_drop: 0.2}\n")).space
    assert space.raw["stop"]["max_drop"] == 0.2
    assert "target_macs_share" in space.raw["stop"]
    assert space.sweep.wandb.project == "lab"


@pytest.mark.parametrize("text", ["", "\n", "# my images\n", "{}\n"])
def test_an_empty_file_is_no_search(write: Write, text: str) -> None:
    """Such as `init` of a wrong folder leaves behind: it does not mean the embedded digits."""
    for opening_of in (open_space, to_send, written):
        with pytest.raises(InputError, match=r"task\.yaml says nothing; .* names at least its im"):
            opening_of(write(text))
    opened = open_space(write(text), ["data={source: folder, path: images}"])
    assert opened.facts is not None
    assert open_space(write("base: default\n")).space.raw["sweep"]  # that was asked for


def test_a_name_that_is_no_text_is_refused(write: Write, tmp_path: Path) -> None:
    named = os.fsdecode(b"caf\xe9")
    write_tree(tmp_path / named, {"cat": 9, "dog": 9})
    with pytest.raises(InputError, match=r"'caf\\udce9': .* not UTF-8; rename it"):
        open_space(named)


def test_only_a_sweep_looks_at_images(write: Write) -> None:
    with pytest.raises(InputError, match="base: default: only a sweep looks at the images"):
        load_space(Path(write("base: default\n")))


@pytest.mark.parametrize(
    ("text", "overrides", "places"),
    [
        ("dta: {}\n", (), [r"task\.yaml:2: dta: unknown key"]),
        ("seed: -1\ndta: 3\n", (), [r"task\.yaml:2: seed", r"task\.yaml:3: dta"]),
        ("sweep: {trails: 3}\n", (), [r"task\.yaml:2: sweep\.trails"]),
        ("sweep: 3\n", (), [r"task\.yaml:2: sweep: should be a section"]),
        ("sweep: {budget: 3}\n", (), [r"task\.yaml:2: sweep\.budget"]),
        ("sweep: {sampler: gp}\n", (), [r"the default for these images: prune\.method=activation"]),
        ("", ("prune.rounds=0",), [r"--set prune\.rounds=0: prune\.rounds"]),
        ("", ("data.image_size=8",), [r"--set data\.image_size=8: data\.image_size"]),
    ],
)
def test_faults_stand_where_they_were_written(
    write: Write, text: str, overrides: tuple[str, ...], places: list[str]
) -> None:
    with pytest.raises(InputError) as refused:
        open_space(write(FOLDER.strip() + "\n" + text), overrides)
    for place in places:
        assert refused.match(place)


def test_faults_are_told_before_images_are_looked_at(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look(_: object) -> Facts:
        raise AssertionError("looked")

    monkeypatch.setattr(opening, "look_at", look)
    with pytest.raises(InputError, match="2 faults"):
        open_space(write("seed: x\ndata: {source: folder, path: nowhere, val_share: 7}\n"))


def test_stored_settings_are_never_completed(write: Write) -> None:
    raw: dict[str, Any] = {"data": {"source": "folder", "path": "nowhere"}}
    assert space_from_raw(raw).raw == raw  # as a sweep of an earlier version stored them


class TestNames:
    """Spaces that come with the product."""

    def test_they_open_anywhere(self, write: Write) -> None:
        assert {"quickstart", "digits", "single_run", "paper/vgg16_cub200"} <= set(packaged_names())
        assert open_space("quickstart").space.raw["data"]["source"] == "digits"
        assert open_space("digits").facts is not None

    @pytest.mark.parametrize("kind", ["folder", "file"])
    def test_what_is_called_so_here_is_not_overlooked(
        self, write: Write, tmp_path: Path, kind: str
    ) -> None:
        if kind == "file":
            (tmp_path / "quickstart").write_text("seed: 1\n")
        else:
            write_tree(tmp_path / "quickstart", {"a": 9, "b": 9})
        with pytest.raises(InputError, match=r"Write \./quickstart for what is here, or .*\.yaml"):
            open_space("quickstart")
        raw = open_space("./quickstart").space.raw
        assert raw["seed" if kind == "file" else "data"]

    def test_nothing_called_so(self, write: Write) -> None:
        with pytest.raises(InputError, match="there is no file or folder quikstart; did you mean"):
            open_space("quikstart")

    def test_as_a_base(self, write: Write) -> None:
        space = open_space(write("base: quickstart\nsweep: {trials: 2}\n")).space
        assert space.sweep.trials == 2
        assert space.raw["data"]["source"] == "digits"

    def test_of_the_sweep(self, write: Write, tmp_path: Path) -> None:
        (tmp_path / "my.set").mkdir()
        named = ["quickstart", "images/", "my.set", "a/task.v2.yaml", "s3://b/flowers.arrow", "."]
        assert [name_of(name) for name in named] == [
            "quickstart", "images", "my.set", "task.v2", "flowers", tmp_path.name,
        ]  # fmt: skip


def test_another_machine_looks_at_its_images(write: Write, tmp_path: Path) -> None:
    named = write("data: {source: folder, path: /not/here}\nsweep: {trials: 3}\n")
    sent = to_send(named, ["prune.method=l1"])
    assert sent == {
        "base": "default",
        "data": {"source": "folder", "path": "/not/here"},
        "sweep": {"trials": 3},
        "prune": {"method": "l1"},
    }
    assert to_send("quickstart") == load_space(opening.settings_file("quickstart")).raw
    with pytest.raises(InputError, match=r"data\.val_share"):
        to_send(named, ["data.val_share=3"])


def test_what_is_sent_is_opened_as_what_was_named(write: Write, tmp_path: Path) -> None:
    named = write(FOLDER + "seed: 5\n")
    overrides = ["retrain.epochs=2", "data.per_class=9"]
    (tmp_path / "space.yaml").write_text(yaml.safe_dump(to_send(named, overrides)))
    assert open_space("space.yaml").space.raw == open_space(named, overrides).space.raw
    assert written("space.yaml").on_default
