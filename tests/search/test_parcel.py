"""What travels to a cluster: settings in one file, tracked code, and nothing else."""

import subprocess
from pathlib import Path

import pytest

from tatl_search.errors import InputError
from tatl_search.search.checkout import tracked_files
from tatl_search.search.parcel import SPACE_FILE, check_paths, pack
from tatl_search.space import load_space


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A package in a git checkout, with a file that git does not track."""
    package = tmp_path / "checkout" / "package"
    (package / "inner").mkdir(parents=True)
    for name in ("__init__.py", "inner/größe.py", "gone.py", ".env"):
        (package / name).write_text(f"# {name}\n")
    git = ["git", "-C", str(package.parent)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run(
        [*git, "add", "package/__init__.py", "package/inner", "package/gone.py"], check=True
    )
    (package / "gone.py").unlink()
    return package


def test_only_what_git_tracks_and_is_there(checkout: Path) -> None:
    found = {path.relative_to(checkout).as_posix() for path in tracked_files(checkout)}
    assert found == {"__init__.py", "inner/größe.py"}


def test_an_installed_package_sends_no_code(tmp_path: Path) -> None:
    assert tracked_files(tmp_path) == []


def test_settings_bases_and_overrides_become_one_file(tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("prune: {rate: 0.2}\nsweep: {trials: 7}\n")
    space = tmp_path / "task.yaml"
    space.write_text(
        "base: base.yaml\nfinetune: {learning_rate: {low: 1.0e-5, high: 0.1, log: true}}\n"
    )
    loaded = load_space(space, ["prune.threshold=0.9"])
    parcel = tmp_path / "parcel"
    parcel.mkdir()
    assert pack(loaded.raw, parcel) > 100
    sent = load_space(parcel / SPACE_FILE)
    assert sent.raw == loaded.raw
    assert sent.raw["prune"] == {"rate": 0.2, "threshold": 0.9}
    assert (parcel / "tatl_search" / "cli" / "app.py").is_file()
    assert {path.name for path in parcel.iterdir()} == {SPACE_FILE, "tatl_search"}


def test_a_path_that_means_something_else_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "birds").mkdir()
    with pytest.raises(InputError, match=r"data\.path: 'birds' is a path from here"):
        check_paths({"data": {"path": "birds"}})
    check_paths({"data": {"path": str(tmp_path / "birds")}})
    check_paths({"data": {"path": "/only/there"}, "network": {"weights": "pretrained"}})
