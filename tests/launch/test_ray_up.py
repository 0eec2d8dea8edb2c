"""The templates of `ray up`: Ray's own checks, and what makes them safe."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

FOLDER = Path(__file__).parents[2] / "launch" / "ray_up"
TEMPLATES = sorted(FOLDER.glob("*.yaml"))


@pytest.fixture(params=TEMPLATES, ids=lambda path: path.stem)
def template(request: pytest.FixtureRequest) -> Any:
    return yaml.safe_load(request.param.read_text(encoding="utf-8"))


def test_both_clouds_are_there() -> None:
    assert [path.stem for path in TEMPLATES] == ["aws", "gcp"]


def test_ray_accepts_it(template: Any) -> None:
    prepared = prepare_config(template)
    validate_config(prepared)
    assert prepared["available_node_types"]["gpu_worker"]["max_workers"] == template["max_workers"]


def test_ray_refuses_what_is_wrong(template: Any) -> None:
    template["idle_timeout"] = 10
    with pytest.raises(Exception, match="idle_timeout"):
        validate_config(prepare_config(template))


def test_the_token_is_on_and_the_dashboard_on_loopback(template: Any) -> None:
    head = template["head_start_ray_commands"][-1]
    worker = template["worker_start_ray_commands"][-1]
    assert "RAY_AUTH_MODE=token" in head
    assert "RAY_AUTH_MODE=token" in worker
    assert "--dashboard-host=127.0.0.1" in head
    assert "~/.ray/auth_token" in template["file_mounts"]


def test_the_head_runs_no_trials_and_machines_are_not_kept(template: Any) -> None:
    assert template["available_node_types"]["head"]["resources"] == {"CPU": 0}
    assert template["provider"]["cache_stopped_nodes"] is False
    assert template["idle_timeout_minutes"] <= 10
