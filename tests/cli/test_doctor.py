"""The verb that looks at the machine."""

import json
import sys
from pathlib import Path

import pytest

from tatl_search.cli.doctor import PACKAGES
from tests.cli.conftest import Tatl


def test_json_names_versions_and_devices(tatl: Tatl) -> None:
    ended = tatl("doctor", "--json")
    assert (ended.code, ended.err) == (0, "")
    found = json.loads(ended.out)
    assert found["python"] == sys.version.split()[0]
    assert set(found["packages"]) == set(PACKAGES)
    assert found["packages"]["torch"][0].isdigit()
    assert found["cpus"] >= 1
    assert found["disk_free_gb"] > 0


def test_every_package_has_its_line(tatl: Tatl) -> None:
    lines = tatl("doctor").out.splitlines()
    for name, purpose in PACKAGES.items():
        assert any(line.split()[0] == name and line.endswith(purpose) for line in lines), name


def test_the_key_of_wandb_is_looked_for_and_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tatl: Tatl
) -> None:
    monkeypatch.delenv("WANDB_API_KEY", raising=False)
    file = tmp_path / "netrc"
    monkeypatch.setenv("NETRC", str(file))
    assert "no W&B key" in tatl("doctor").out
    file.write_text("machine api.wandb.ai\n  login user\n  password hush\n")
    assert "W&B key" not in tatl("doctor").out
    assert "hush" not in tatl("doctor", "--json").out
    file.write_text("torn [\n")
    assert "no W&B key" in tatl("doctor").out
