"""What an exported folder says of itself in files for programs."""

import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import yaml

from tatl_search.config import (
    DataSettings,
    plain_settings,
    read_settings,
    versioned,
)
from tatl_search.deploy.export import INPUT_NAME, OUTPUT_NAME
from tatl_search.deploy.figures import Measurements
from tatl_search.deploy.shipped.verify import FORM
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.records import CandidateRecord

PACKAGES = ("tatl-search", "torch", "torchvision", "timm", "onnx", "onnxruntime", "numpy")


def describe(
    folder: Path,
    picked: CandidateRecord,
    preprocessing: Preprocessing,
    sixteen_bit_max: int,
    measured: Measurements,
) -> None:
    """Write what the network takes and returns, its figures, and the settings that led to it."""
    data = read_settings(picked.settings).data
    _write_json(folder / "preprocessing.json", input_format(preprocessing, data, sixteen_bit_max))
    _write_json(folder / "metrics.json", _metrics(picked, measured))
    names = (" ".join(name.splitlines()) for name in measured.test.confusion.class_names)
    (folder / "labels.txt").write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    settings = yaml.safe_dump(versioned(plain_settings(picked.settings)), sort_keys=False)
    (folder / "config.yaml").write_text(settings, encoding="utf-8")


def input_format(
    preprocessing: Preprocessing, data: DataSettings, sixteen_bit_max: int
) -> dict[str, Any]:
    """Return how an image file becomes the network's input: plain JSON values."""
    first = [
        "turned as its EXIF tells",
        f"16 bits a channel (white is {sixteen_bit_max}) scaled to 8",
        "transparency on white",
    ]
    if data.crop_to_box:
        first.append("cut to the box around its object")
    return {
        "schema_version": FORM,
        "input": INPUT_NAME,
        "output": OUTPUT_NAME,
        "layout": "NCHW",
        "dtype": "float32",
        "first": first,
        "sixteen_bit_max": sixteen_bit_max,
        "shorter_side": data.stored_side,
        "height": data.image_size,
        "width": data.image_size,
        "resize": "shorter side to shorter_side, antialiased; then the centre square of"
        " shorter_side; then its centre of height x width",
        "interpolation": "bicubic",
        "color_order": "RGB",
        "value_range": [0.0, 1.0],
        "mean": list(preprocessing.mean),
        "std": list(preprocessing.std),
    }


def _metrics(picked: CandidateRecord, measured: Measurements) -> dict[str, Any]:
    return {
        "schema_version": FORM,
        "sweep": picked.sweep,
        "label": picked.label,
        "trial": picked.trial,
        "round": picked.round,
        "stage": picked.stage,
        "network": picked.network,
        **measured.to_dict(),
        "versions": {name: version(name) for name in PACKAGES},
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
