"""Classify images: `python predict.py image.jpg`. Needs onnxruntime, numpy and Pillow only."""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from tatl_search.data import reading  # noqa: TID251

HERE, TOP = Path(__file__).parent, 5


def prepare(path: str, how: dict[str, Any]) -> NDArray[np.float32]:
    """Return what the network takes, (1, 3, height, width), as `preprocessing.json` says.

    Raises:
        UnusableImageError: the file is no whole image, or of no agreed range.
        OSError: it cannot be read.
    """
    white = how.get("sixteen_bit_max", reading.SIXTEEN_BITS)
    image = reading.read_image(Path(path), white)
    pixels = reading.to_square(image, how["shorter_side"])
    left, top = (round((how["shorter_side"] - how[name]) / 2) for name in ("width", "height"))
    pixels = pixels[top : top + how["height"], left : left + how["width"]]
    mean, std = (np.asarray(how[name], np.float32) for name in ("mean", "std"))
    normal = (pixels.astype(np.float32) / 255 - mean) / std
    return np.ascontiguousarray(normal.transpose(2, 0, 1)[None])


def main(paths: list[str]) -> int:
    """Print the likeliest classes of each image with their probabilities.

    Returns:
        0, or 1 if a file could not be used; the others are classified all the same.
    """
    warnings.simplefilter("ignore")  # Pillow warns of damaged EXIF, which is not looked at
    how = json.loads((HERE / "preprocessing.json").read_text(encoding="utf-8"))
    labels = (HERE / "labels.txt").read_text(encoding="utf-8").split("\n")
    session = onnxruntime.InferenceSession(HERE / "model.onnx", providers=["CPUExecutionProvider"])
    failed = 0
    for path in paths:
        try:
            image = prepare(path, how)
        except (reading.UnusableImageError, OSError) as error:
            print(f"{path}: {error}", file=sys.stderr)
            failed = 1
            continue
        (logits,) = session.run([how["output"]], {how["input"]: image})[0]
        shares = np.exp(logits - logits.max())
        shares /= shares.sum()
        for place in np.argsort(-shares, kind="stable")[:TOP]:
            print(f"{path}  {shares[place]:7.2%}  {labels[place]}")
    return failed


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or sys.exit("usage: python predict.py IMAGE...")))
