"""The code of the user's own networks: found in settings, copied, sent along, looked for first."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

from tatl_search.errors import InputError
from tatl_search.search.importable import check_at_hand, why_not
from tatl_search.search.own_code import copy_code, own_places, travelling
from tatl_search.search.parcel import SPACE_FILE, pack
from tests.own_networks import work_in

BUILD = "from torch import nn\n\n\ndef build(num_classes):\n    return nn.Linear(3, num_classes)\n"
FILES = {
    "my_package/__init__.py": "",
    "my_package/networks.py": BUILD,
    "my_package/deep/layers.py": "",
    "my_package/notes.txt": "",
    "my_package/secret.env": "",
    "my_package_too/networks.py": BUILD,
    "alone.py": BUILD,
}
RAW: dict[str, Any] = {
    "data": {"source": "digits"},
    "network": {
        "name": {
            "choices": {
                "python/my_package.networks:build": {"network": {"arguments": {"width": 3}}},
                "timm/resnet18": {"network": {"weights": "random"}},
            }
        }
    },
    "baselines": [{"network": {"name": "python/alone:build"}}, {"image_size": 16}],
    "wandb": {"project": "python/nobody:build"},
}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work_in(tmp_path / "work", FILES, monkeypatch)
    return tmp_path


def copied(raw: dict[str, Any], folder: Path) -> set[str]:
    folder.mkdir()
    count = copy_code(raw, folder)
    found = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}
    assert count == len(found)
    return found


def one(name: Any) -> dict[str, Any]:
    return {"network": {"name": name}}


def test_every_network_that_settings_name_is_found() -> None:
    assert own_places(RAW) == ["alone:build", "my_package.networks:build"]
    assert own_places(one({"choices": ["python/a:b", "python/c.d:E.f"]})) == ["a:b", "c.d:E.f"]
    assert own_places(one("timm/resnet18")) == own_places({}) == own_places({"network": None}) == []
    with pytest.raises(InputError, match=r"no package that is installed here offers .*'gone'"):
        own_places(one("gone"))


def test_packages_and_modules_are_copied_but_not_what_is_installed(here: Path) -> None:
    python = {"my_package/__init__.py", "my_package/networks.py", "my_package/deep/layers.py"}
    assert copied(RAW, here / "both") == {*python, "alone.py"}
    assert copied(one("python/torchvision.models:resnet18"), here / "installed") == set()
    assert copied(one("python/json:loads"), here / "standard") == set()
    assert copied(one("python/sys:exit"), here / "built-in") == set()
    assert copied(one("python/only_there:build"), here / "missing") == set()
    assert copied(one("python/my_package_too.networks:build"), here / "no-init") == {
        "my_package_too/networks.py"
    }


def test_of_a_checkout_only_what_git_tracks(here: Path) -> None:
    git = ["git", "-C", str(here / "work")]
    subprocess.run([*git, "init", "--quiet"], check=True)
    tracked = ("my_package/__init__.py", "my_package/networks.py", "my_package/notes.txt")
    subprocess.run([*git, "add", *tracked], check=True)
    assert copied(one("python/my_package.networks:build"), here / "goal") == set(tracked)


def test_a_job_takes_the_code_along(here: Path) -> None:
    parcel = here / "parcel"
    parcel.mkdir()
    pack(one("python/my_package.networks:build"), parcel)
    assert {path.name for path in parcel.iterdir()} == {SPACE_FILE, "tatl_search", "my_package"}


def test_code_travels_to_a_cluster_and_nowhere_else() -> None:
    with travelling(RAW, "auto") as code:
        assert [Path(place).name for place in code] == ["alone.py", "my_package"]
        assert (Path(code[1]) / "networks.py").read_text() == BUILD
    assert not Path(code[0]).exists()
    with travelling(RAW, None) as code:
        assert code == []
    with travelling({}, "auto") as code:
        assert code == []


def test_what_cannot_be_made_here_is_told() -> None:
    check_at_hand(RAW)
    with pytest.raises(InputError, match="there is no module 'only_there'"):
        check_at_hand(one("python/only_there:build"))
    assert why_not(["alone:build"]) == ""
    assert why_not(["alone:build", "alone:nothing"]).startswith("network.name: alone has no")
