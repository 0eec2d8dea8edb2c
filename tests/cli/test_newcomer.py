"""From a folder of images to networks: what somebody does who knows nothing of this product."""

import shutil
from pathlib import Path

import pytest
import yaml

from tatl_search.manifest import SweepManifest
from tatl_search.newcomer.opening import open_space
from tests.cli.conftest import Tatl, make_images

TINY = (
    "sweep.trials=3", "sweep.collapse_accuracy=0", "data.image_size=32", "finetune.epochs=1",
    "retrain.epochs=1", "finish.epochs=0", "prune.rounds=1", "baselines=[]",
    "stop.target_macs_share={low: 0.05, high: 0.3, log: true}", "wandb.mode=disabled",
)  # fmt: skip
SETS = tuple(word for setting in TINY for word in ("--set", setting))


@pytest.fixture
def images(here: Path) -> Path:
    """Return a folder of images in the folder that is worked in."""
    return make_images(here / "images", {"cat": 30, "dog": 12})


@pytest.mark.usefixtures("images")
class TestInit:
    """The verb `init`."""

    def test_the_file_means_what_the_folder_does(self, here: Path, tatl: Tatl) -> None:
        ended = tatl("init", "./images")
        assert ended.code == 0
        (here / "my_task.yaml").write_text(ended.out, encoding="utf-8")
        opened = open_space("my_task.yaml")
        assert opened.facts is None  # all is said
        assert opened.space.raw == open_space("./images").space.raw
        assert opened.space.sweep == open_space("./images").space.sweep
        assert tatl("validate", "my_task.yaml").code == 0

    def test_what_was_found_stands_at_its_top(self, here: Path, tatl: Tatl) -> None:
        (here / "images/train/dog/0.png").write_text("no image")
        (here / "images/train/.cache").mkdir()
        head = [line for line in tatl("init", "./images").out.splitlines() if line[:1] == "#"]
        assert head[0] == "# folder ./images: 2 classes (cat, dog)"
        assert "27 for training (8 to 19 a class), 7 for validation, 8 for test" in head[1]
        assert "32 px, of the median image 32 px; in colours" in head[2]
        assert "# left out: train/dog/0.png (not an image)" in head
        assert "# left out as hidden or a system's own: .cache (1)" in head

    def test_overrides_are_written_out(self, tatl: Tatl) -> None:
        raw = yaml.safe_load(tatl("init", "images", "--set", "data.per_class=7").out)
        assert raw["data"]["per_class"] == 7
        assert raw["data"]["source"] == "folder"

    def test_ours_by_name(self, tatl: Tatl) -> None:
        assert yaml.safe_load(tatl("init", "digits").out)["data"]["source"] == "digits"
        ended = tatl("init", "quickstart")
        assert (ended.code, ended.out) == (2, "")
        assert "quickstart says already how networks are adapted" in ended.err

    @pytest.mark.parametrize(
        ("named", "why"),
        [
            ("nowhere", "there is no file or folder nowhere"),
            ("empty", "holds no classes"),
            ("one", "one class only ('a')"),
            ("broken", "none of the 8 images looked at is one"),
        ],
    )
    def test_what_is_no_task_is_refused(self, here: Path, tatl: Tatl, named: str, why: str) -> None:
        (here / "empty").mkdir()
        (here / "one/a").mkdir(parents=True)
        shutil.copy(here / "images/train/cat/0.png", here / "one/a")
        for name in ("a", "b"):
            (here / "broken" / name).mkdir(parents=True)
            for number in range(4):
                (here / "broken" / name / f"{number}.jpg").write_bytes(b"")
        for verb in ("init", "sweep", "validate"):
            ended = tatl(verb, named)
            assert (ended.code, ended.out) == (2, "")
            assert why in ended.err
        assert not (here / "sweeps").exists()


@pytest.mark.usefixtures("ray_here")
def test_a_folder_is_searched_and_never_looked_at_again(
    here: Path, images: Path, tatl: Tatl
) -> None:
    ended = tatl("sweep", "./images", "--name", "mine", *SETS)
    assert ended.code == 0, ended.err
    assert "folder ./images: 2 classes, 27 training images, 32 px" in ended.err
    stored = SweepManifest.read(here / "sweeps/mine")
    assert stored.space["prune"]["method"]["choices"]["activation"]
    assert stored.space["data"]["path"] == str(images)
    assert stored.sweep.trials == 3
    shutil.rmtree(images)
    assert "3 of 3 trials ended" in tatl("status", "sweeps/mine").out
    for words in (("resume", "sweeps/mine"), ("sweep", "./images", "--name", "mine", "--resume")):
        again = tatl(*words)
        assert again.code == 0, again.err
        assert "trial" in again.out
    assert tatl("report", "sweeps/mine").code == 0


@pytest.mark.usefixtures("images")
def test_a_dry_run_shows_what_it_would_cost(here: Path, tatl: Tatl) -> None:
    ended = tatl("sweep", "images", "--dry-run", *SETS)
    assert ended.code == 0
    assert "3 trials, at most 3 candidates" in ended.out
    assert "27 training images" in ended.err
    assert not (here / "sweeps").exists()


@pytest.mark.usefixtures("images")
def test_images_are_checked_by_their_folder(tatl: Tatl) -> None:
    assert "cat" in tatl("data", "info", "images").out
    assert tatl("data", "check", "images").code == 0
    refused = tatl("data", "pack", "images", "--to", "some.arrow")
    assert refused.code == 2
    assert "data.image_size is searched over; name one value" in refused.err
    words = ("data", "pack", "images", "--to", "some.arrow", "--set", "data.image_size=32")
    assert tatl(*words).code == 0
    assert "from the images: packed some.arrow: 2 classes" in tatl("validate", "some.arrow").out


@pytest.mark.usefixtures("images")
def test_one_adaptation_needs_settings(tatl: Tatl) -> None:
    ended = tatl("adapt", "images")
    assert ended.code == 2
    assert "images cannot be read as text" in ended.err
