"""What people get wrong: a line that says so, exit code 2 or 1, and nothing half-written."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tatl_search.manifest import SweepFolder
from tatl_search.records import SCHEMA_VERSION
from tatl_search.search.lock import only_driver
from tests.cli.conftest import Tatl, make_images

FOLDER = ("--set", "data.source=folder", "--set", "data.path=images")
RANDOM = ("--set", "network.weights=random")


def _one_class(here: Path) -> None:
    make_images(here / "images", {"cat": 9})


def _empty_class(here: Path) -> None:
    make_images(here / "images", {"cat": 9, "dog": 0})


def _more_classes_than_images(here: Path) -> None:
    make_images(here / "images", {"cat": 2, "dog": 0, "owl": 0})


def _broken_images(here: Path) -> None:
    make_images(here / "images", {"cat": 9, "dog": 0})
    (here / "images/train/dog/1.png").write_bytes(b"no image")


def _weights_of_another_network(here: Path) -> None:
    torch.save({"layer.weight": torch.zeros(3, 3)}, here / "other.pth")


def _weights_that_are_none(here: Path) -> None:
    (here / "broken.safetensors").write_bytes(b"nothing")


def _file_in_the_way(here: Path) -> None:
    (here / "sweeps").write_text("a file")


def _wrong_yaml(here: Path) -> None:
    (here / "run.yaml").write_text(
        "finetune:\n  epochs: 0\n  epoks: 3\nprune:\n  rate: {low: 0.5, high: 0.1}\n"
    )


def _torn_yaml(here: Path) -> None:
    (here / "run.yaml").write_text("finetune: [\n")


def _nothing(here: Path) -> None:
    pass


Prepare = Callable[[Path], None]

CASES: dict[str, tuple[Prepare, tuple[str, ...], tuple[str, ...]]] = {
    "wrong YAML": (
        _wrong_yaml,
        (),
        ("3 faults", "run.yaml:2: finetune.epochs", "did you mean 'epochs'", "run.yaml:5: prune.r"),
    ),
    "torn YAML": (_torn_yaml, (), ("run.yaml:2", "not valid YAML")),
    "no key=value": (_nothing, ("--set", "epochs"), ("--set epochs", "section.key=value")),
    "a distribution": (
        _nothing,
        ("--set", "prune.rate={low: 0.1, high: 0.3}"),
        ("prune.rate", "not a distribution", "run a sweep"),
    ),
    "no library": (_nothing, ("--set", "network.name=resnet18"), ("torchvision/<name> or timm/",)),
    "unknown network": (
        _nothing,
        ("--set", "network.name=timm/resnet19", *RANDOM),
        ("timm has no 'resnet19'", "timm/resnet18"),
    ),
    "no weights": (_nothing, ("--set", "network.weights=my.pth"), ("there is no file 'my.pth'",)),
    "weights of another network": (
        _weights_of_another_network,
        ("--set", "network.weights=other.pth"),
        ("other.pth do not fit", "conv_stem.weight is missing"),
    ),
    "broken weights": (
        _weights_that_are_none,
        ("--set", "network.weights=broken.safetensors"),
        ("'broken.safetensors' cannot be read",),
    ),
    "no such data": (_nothing, FOLDER, ("data.path: images does not exist",)),
    "one class": (_one_class, FOLDER, ("one class only ('cat')",)),
    "empty class": (_empty_class, FOLDER, ("no usable training image for class 'dog'",)),
    "broken images": (_broken_images, FOLDER, ("class 'dog'", "dog/1.png (not an image)")),
    "more classes than images": (
        _more_classes_than_images,
        FOLDER,
        ("2 training images are too few for 3 classes",),
    ),
    "batch larger than the set": (
        _nothing,
        ("--set", "finetune.batch_size=500"),
        ("finetune.batch_size is 500", "only 100 training images"),
    ),
    "image size": (
        _nothing,
        ("--set", "network.name=torchvision/vgg16_bn", *RANDOM, "--set", "data.image_size=16"),
        ("vgg16_bn cannot take images of 16 x 16 px", "is 32; set data.image_size"),
    ),
    "control flow that cannot be traced": (
        _nothing,
        ("--set", "network.name=timm/test_vit", *RANDOM, "--set", "data.image_size=160"),
        ("VisionTransformer cannot be pruned", "choose another network"),
    ),
    "a file in the way": (_file_in_the_way, (), ("cannot be made: Not a directory",)),
    "where nobody can write": (_nothing, ("--storage", "/proc/mine"), ("cannot be made",)),
    "no name": (_nothing, ("--name", "a/b"), ("--name 'a/b' is no name of a folder",)),
}


@pytest.mark.parametrize("case", CASES)
def test_adapt_refuses_before_any_training(case: str, here: Path, tatl: Tatl) -> None:
    prepare, words, said = CASES[case]
    prepare(here)
    before = sorted(here.rglob("*"))
    ended = tatl("adapt", "run.yaml", *words)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("tatl-search: ")
    for text in said:
        assert text in ended.err
    assert sorted(here.rglob("*")) == before


@pytest.mark.usefixtures("ray_here")
@pytest.mark.parametrize(
    "case", ["control flow that cannot be traced", "empty class", "a file in the way"]
)
def test_sweep_refuses_the_same(case: str, here: Path, tatl: Tatl) -> None:
    prepare, words, said = CASES[case]
    prepare(here)
    before = sorted(here.rglob("*"))
    ended = tatl("sweep", "run.yaml", *words)
    assert (ended.code, ended.out) == (2, "")
    for text in said:
        assert text in ended.err
    assert sorted(here.rglob("*")) == before


@pytest.mark.usefixtures("ray_here")
def test_sweep_refuses_what_no_node_has(here: Path, tatl: Tatl) -> None:
    ended = tatl("sweep", "run.yaml", "--set", "sweep.cpus_per_trial=4096")
    assert ended.code == 2
    assert "no node can run a trial: sweep.cpus_per_trial is 4096" in ended.err
    assert not (here / "sweeps").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--set", "sweep.latency_table=none.json"), "none.json cannot be read"),
        (("--set", "sweep.latency_table=run.yaml"), "run.yaml is damaged"),
        (("--set", "sweep.start.sweeps=[nowhere]"), "start.sweeps: nowhere is no sweep"),
        (("--name", "a/b"), "--name 'a/b' is no name of a folder"),
        (("--storage", ".", "--name", "run.yaml"), "run.yaml exists already"),
        (("--storage", "run.yaml", "--name", "a"), "run.yaml/a cannot be made: Not a directory"),
        (("--name", "x" * 300), "cannot be made: File name too long"),
        (("--set", f"finetune.epochs={10**30}"), "finetune.epochs: should be at most 9007"),
        (("--set", f"finetune.epochs={{low: 1, high: {10**23}}}"), "should be at most 9007"),
        (("--set", f"sweep.trials={10**23}"), "sweep.trials: should be at most 9007"),
        (("--set", f"seed={10**23}"), "seed: should be at most 9007"),
        (
            ("--set", "network.name=timm/test_vit", *RANDOM, "--set", "data.image_size=160"),
            "VisionTransformer cannot be pruned",
        ),
    ],
)
def test_a_dry_run_refuses_what_the_run_would(
    words: tuple[str, ...], said: str, here: Path, tatl: Tatl
) -> None:
    before = sorted(here.rglob("*"))
    ended = tatl("sweep", "run.yaml", "--dry-run", *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert sorted(here.rglob("*")) == before


def test_every_choice_of_a_batch_must_fit(here: Path, tatl: Tatl) -> None:
    words = ("--dry-run", "--set", "retrain.batch_size={choices: [10, 20, 300]}")
    ended = tatl("sweep", "run.yaml", *words)
    assert ended.code == 2
    assert "retrain.batch_size is 300, but there are only 100 training images" in ended.err


@pytest.mark.usefixtures("ray_here")
@pytest.mark.parametrize("verb", ["sweep", "adapt"])
def test_a_taken_name_is_left_alone(verb: str, adapted: Path, here: Path, tatl: Tatl) -> None:
    before = {path: path.stat().st_mtime_ns for path in adapted.rglob("*")}
    ended = tatl(verb, "run.yaml", "--storage", adapted.parent, "--name", adapted.name)
    assert ended.code == 2
    assert "exists already. Resume it (tatl-search resume " in ended.err
    assert {path: path.stat().st_mtime_ns for path in adapted.rglob("*")} == before


@pytest.mark.parametrize("verb", ["resume", "status", "front", "pick"])
class TestNoSweep:
    """Each verb that takes a sweep's folder, given something else."""

    @pytest.mark.parametrize("place", ["nowhere", ".", "run.yaml"])
    def test_something_else(self, verb: str, place: str, here: Path, tatl: Tatl) -> None:
        ended = tatl(verb, place)
        assert (ended.code, ended.out) == (2, "")
        assert f"{place} is no sweep: it holds no sweep.yaml" in ended.err
        assert [entry.name for entry in here.iterdir()] == ["run.yaml"]

    def test_a_newer_schema(self, verb: str, here: Path, adapted: Path, tatl: Tatl) -> None:
        text = (adapted / "sweep.yaml").read_text(encoding="utf-8")
        newer = text.replace(
            f"schema_version: {SCHEMA_VERSION}", "schema_version: 99\nnew_setting: 1"
        )
        (here / "sweep.yaml").write_text(newer, encoding="utf-8")
        ended = tatl(verb, ".")
        assert (ended.code, ended.out) == (2, "")
        assert (
            f"written by a newer version (schema 99; this one reads up to {SCHEMA_VERSION})"
            in ended.err
        )

    def test_a_damaged_one(self, verb: str, here: Path, adapted: Path, tatl: Tatl) -> None:
        text = (adapted / "sweep.yaml").read_text(encoding="utf-8")
        (here / "sweep.yaml").write_text(text.replace("reference:", "other:"), encoding="utf-8")
        ended = tatl(verb, ".")
        assert (ended.code, ended.out) == (2, "")
        assert "sweep.yaml is damaged: reference: Field required; other: " in ended.err


def test_two_drivers(adapted: Path, tatl: Tatl) -> None:
    with only_driver(SweepFolder(adapted)):
        ended = tatl("resume", adapted)
        assert (ended.code, ended.out) == (2, "")
        assert "another driver is running this sweep" in ended.err
        assert "adapted: running" in tatl("status", adapted).out
    assert "adapted: not running" in tatl("status", adapted).out


def test_damaged_rows_are_named_and_left_out(
    adapted: Path, here: Path, tatl: Tatl, caplog: pytest.LogCaptureFixture
) -> None:
    copy = shutil.copytree(adapted, here / "copy")
    (copy / "candidates/trial-00000-round-01.parquet").write_bytes(b"x")
    ended = tatl("front", copy, "--all")
    assert ended.code == 0
    assert "trial 0 round 2" in ended.out
    assert "trial 0 round 1" not in ended.out
    assert "trial-00000-round-01.parquet is damaged and left out" in caplog.text


PICKS = {
    "before there is a candidate": ((), ("holds no candidates yet",)),
    "too accurate": (("--min-accuracy", "1"), ("no candidate has accuracy at least 1.0", "short")),
    "too small": (("--max-macs", "1e3"), ("no candidate has at most", "too many")),
    "two preferences": (("--knee", "--min-macs"), ("choose one of --knee",)),
    "a weight without a number": (("--weights", "macs"), ("such as macs=0.5",)),
    "half a name": (("--trial", "0"), ("both --trial and --round",)),
    "a name and a bound": (
        ("--trial", "0", "--round", "1", "--max-macs", "5e6"),
        ("leave bounds and preferences away",),
    ),
    "a round that is not there": (
        ("--trial", "0", "--round", "9"),
        ("trial 0 has no round 9: it has rounds 0, 1, 2",),
    ),
    "latency that was not measured": (("--max-latency-ms", "8"), ("no latency was measured",)),
    "per cent": (("--min-accuracy", "90"), ("min_accuracy is a share between 0 and 1",)),
    "nan": (("--max-macs", "nan"), ("--max-macs should be a number, such as 5e6",)),
    "endless": (("--max-parameters", "inf"), ("--max-parameters should be a number",)),
    "not a number": (("--max-macs", "few"), ("--max-macs", "valid number")),
}


@pytest.mark.parametrize("case", PICKS)
def test_pick_refuses(case: str, here: Path, adapted: Path, tatl: Tatl) -> None:
    words, said = PICKS[case]
    sweep = adapted
    if case == "before there is a candidate":
        sweep = here
        shutil.copy(adapted / "sweep.yaml", here)
    ended = tatl("pick", sweep, "--export", here / "network", *words)
    assert (ended.code, ended.out) == (2, "")
    for text in said:
        assert text in ended.err
    assert not (here / "network").exists()


@pytest.mark.parametrize("place", ["run.yaml", "taken", "run.yaml/network"])
def test_pick_exports_into_no_taken_place(
    place: str, here: Path, adapted: Path, tatl: Tatl
) -> None:
    (here / "taken").mkdir()
    (here / "taken/mine.txt").write_text("mine")
    before = sorted(here.rglob("*"))
    ended = tatl("pick", adapted, "--export", place)
    assert (ended.code, ended.out) == (2, "")
    assert "exists already" in ended.err or "cannot be made" in ended.err
    assert sorted(here.rglob("*")) == before


def test_pick_names_a_lost_network(here: Path, adapted: Path, tatl: Tatl) -> None:
    copy = shutil.copytree(adapted, here / "copy")
    shutil.rmtree(copy / "stages")
    ended = tatl("pick", copy, "--export", "network")
    assert (ended.code, ended.out) == (1, "")
    assert "is gone or damaged" in ended.err
    assert not (here / "network").exists()


@pytest.fixture
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Mount a small disk."""
    place = tmp_path_factory.mktemp("disk")
    try:
        _mount(place, "size=64k")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("this machine lets nobody mount a small disk")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def _mount(place: Path, options: str) -> None:
    words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)]
    subprocess.run(words, check=True, capture_output=True)


def test_a_disk_that_is_full_at_once(disk: Path, here: Path, tatl: Tatl) -> None:
    ended = tatl("adapt", "run.yaml", "--storage", disk, "--name", "a")
    assert (ended.code, ended.out) == (1, "")
    assert "No space left on device" in ended.err
    assert not list(disk.iterdir())


def test_a_disk_that_is_read_only(disk: Path, here: Path, adapted: Path, tatl: Tatl) -> None:
    (disk / "old").mkdir()
    shutil.copy(adapted / "sweep.yaml", disk / "old")
    (disk / "old/lock").touch()
    _mount(disk, "remount,ro")
    ended = tatl("adapt", "run.yaml", "--storage", disk)
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be made: Read-only file system" in ended.err
    assert tatl("resume", disk / "old").code == 1
    assert "not running" in tatl("status", disk / "old").out


@pytest.mark.usefixtures("ray_here")
def test_what_was_finished_before_the_disk_was_full_is_kept(
    disk: Path, here: Path, tatl: Tatl
) -> None:
    _mount(disk, "remount,size=22m")  # holds the images and one network of 14 MB, and no more
    ended = tatl("adapt", "run.yaml", "--storage", disk, "--name", "a")
    assert ended.code == 1
    assert "No space left on device" in ended.err
    assert "What was finished is kept" in ended.err
    assert "1 candidates" in tatl("status", disk / "a").out

    _mount(disk, "remount,size=200m")
    ended = tatl("resume", disk / "a", "--json")
    assert ended.code == 0
    assert json.loads(ended.out)["images_trained"] == 400  # 2 epochs, 2 rounds: none twice
    assert f"next: tatl-search pick {disk / 'a'} --export my-network" in ended.err
    assert "3 candidates" in tatl("status", disk / "a").out
