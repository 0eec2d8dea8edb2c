"""Classify images: `python predict.py image.jpg`. Needs onnxruntime, numpy and Pillow only."""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from PIL import Image, ImageOps

HERE, TOP = Path(__file__).parent, 5


def read(path: str) -> Image.Image:
    """Return an image as RGB: upright, 16 bits scaled to 8, transparent pixels on white."""
    image = ImageOps.exif_transpose(Image.open(path))
    if image.mode.startswith("I"):
        wide = np.asarray(image).astype(np.int64).clip(0, 65535)
        image = Image.fromarray((wide >> 8).astype(np.uint8))
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
    return image.convert("RGB")


def prepare(image: Image.Image, how: dict[str, Any]) -> NDArray[np.float32]:
    """Return what the network takes, (1, 3, height, width), as `preprocessing.json` says."""
    resized = tuple(how["shorter_side"] * edge // min(image.size) for edge in image.size)
    image = image.resize(resized, Image.Resampling[how["interpolation"].upper()])
    for width, height in ((how["shorter_side"],) * 2, (how["width"], how["height"])):
        left, top = round((image.width - width) / 2), round((image.height - height) / 2)
        image = image.crop((left, top, left + width, top + height))
    mean, std = (np.asarray(how[name], np.float32) for name in ("mean", "std"))
    pixels = (np.asarray(image, np.float32) / 255 - mean) / std
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])


def main(paths: list[str]) -> None:
    """Print the likeliest classes of each image with their probabilities."""
    how = json.loads((HERE / "preprocessing.json").read_text(encoding="utf-8"))
    labels = (HERE / "labels.txt").read_text(encoding="utf-8").split("\n")
    session = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])
    for path in paths:
        (logits,) = session.run([how["output"]], {how["input"]: prepare(read(path), how)})[0]
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        for place in np.argsort(-shares, kind="stable")[:TOP]:
            print(f"{path}  {shares[place]:7.2%}  {labels[place]}")


if __name__ == "__main__":
    main(sys.argv[1:] or sys.exit("usage: python predict.py IMAGE..."))
