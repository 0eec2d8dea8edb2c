"""On what a sweep ran: versions, machine and revision, so that a result can be understood."""

import json
import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from tatl_search.files import write_durably
from tatl_search.manifest import SweepFolder

PACKAGES = (
    "tatl-search", "torch", "torchvision", "timm", "torch-pruning", "ray", "optuna", "wandb",
    "pyarrow", "numpy", "onnx", "onnxruntime",
)  # fmt: skip


def describe_environment() -> dict[str, Any]:
    """Return versions, machine and git revision as JSON values; holds no secrets."""
    return {
        "packages": {name: version(name) for name in PACKAGES},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
        "gpus": [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())],
        "git_revision": _git_revision(),
    }


def record_environment(folder: SweepFolder) -> None:
    """Write the environment of this process into a sweep's folder."""
    write_durably(folder.environment, json.dumps(describe_environment(), indent=1).encode())


def usable_cpus() -> int:
    """Return the CPUs this process may use: a scheduler may grant fewer than the machine has."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _git_revision() -> str | None:
    """Return the revision of the checkout this runs from; null for an installed package."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(  # noqa: S603 - fixed words and our own folder
            ["git", "-C", str(here), "rev-parse", "HEAD"],  # noqa: S607 - git, wherever it lies
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return found.stdout.strip()
