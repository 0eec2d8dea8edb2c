"""Proof that the exported file computes what the network computes, on real images."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import nn

from tatl_search.deploy.export import INPUT_NAME, OUTPUT_NAME
from tatl_search.errors import RunError

Floats = npt.NDArray[np.float32]

MAX_RELATIVE_DIFFERENCE = 1e-3
"""Greatest difference of an image's logits, as a share of its largest logit in magnitude."""


@dataclass(frozen=True)
class Parity:
    """How far ONNX Runtime's outputs lie from torch's.

    Attributes:
        images: images compared.
        max_abs_difference: greatest difference of a logit.
        max_relative_difference: the same divided by the image's largest logit in magnitude.
        argmax_agreement: share of images with the same predicted class; where torch's own
            logits of the two classes are tied within the tolerance, the classes count as one.
    """

    images: int
    max_abs_difference: float
    max_relative_difference: float
    argmax_agreement: float

    @property
    def holds(self) -> bool:
        """Whether the two agree; NaN never does."""
        return (
            self.max_relative_difference <= MAX_RELATIVE_DIFFERENCE and self.argmax_agreement == 1.0
        )

    def __str__(self) -> str:
        return (
            f"ONNX Runtime against torch on {self.images} images: largest difference"
            f" {self.max_abs_difference:.2g} (relative {self.max_relative_difference:.2g}),"
            f" same class for {self.argmax_agreement:.2%}"
        )


class OnnxClassifier:
    """An exported network, run by ONNX Runtime on the CPU with as many threads as torch has."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            path, options, providers=["CPUExecutionProvider"]
        )

    def logits(self, images: torch.Tensor) -> Floats:
        """Return (N, classes) logits of (N, 3, S, S) normalised images."""
        feed = {INPUT_NAME: np.ascontiguousarray(images.numpy())}
        (logits,) = self._session.run([OUTPUT_NAME], feed)
        return np.asarray(logits, dtype=np.float32)

    def accuracy(self, batches: Iterable[tuple[torch.Tensor, torch.Tensor]]) -> float:
        """Return the share of images classified correctly."""
        correct = images = 0
        for inputs, labels in batches:
            correct += int(np.sum(self.logits(inputs).argmax(axis=1) == labels.numpy()))
            images += len(labels)
        return correct / images


def prove_parity(module: nn.Module, exported: OnnxClassifier, images: torch.Tensor) -> Parity:
    """Compare torch and ONNX Runtime on images, fed in batches of several sizes.

    Args:
        module: the network, on the CPU and in eval mode.
        exported: the same network, exported.
        images: (N, 3, S, S) normalised images.

    Raises:
        RunError: they disagree; the message holds the figures.
    """
    found = compare(_torch_logits(module, images), _in_growing_batches(exported, images))
    if not found.holds:
        raise RunError(
            f"the exported network does not compute what the network computes. {found}"
            f" (allowed: relative {MAX_RELATIVE_DIFFERENCE:g}, 100%)"
        )
    return found


def compare(expected: Floats, found: Floats) -> Parity:
    """Compare two (N, classes) arrays of logits."""
    rows = np.arange(len(expected))
    scale = np.maximum(np.abs(expected).max(axis=1), np.finfo(np.float32).tiny)
    with np.errstate(invalid="ignore"):  # infinities give NaN, which agrees with nothing
        difference = np.abs(expected - found).max(axis=1)
        lost = expected.max(axis=1) - expected[rows, found.argmax(axis=1)]
    return Parity(
        images=len(expected),
        max_abs_difference=float(difference.max()),
        max_relative_difference=float((difference / scale).max()),
        argmax_agreement=float(np.mean(lost <= MAX_RELATIVE_DIFFERENCE * scale)),
    )


def _torch_logits(module: nn.Module, images: torch.Tensor) -> Floats:
    with torch.inference_mode():
        logits = torch.cat([module(batch) for batch in torch.split(images, 32)])
    return np.asarray(logits.numpy(), dtype=np.float32)


def _in_growing_batches(exported: OnnxClassifier, images: torch.Tensor) -> Floats:
    """Return logits from batches of 1, 2, 3, ... images: a size frozen at export shows at once."""
    logits = []
    start, size = 0, 1
    while start < len(images):
        logits.append(exported.logits(images[start : start + size]))
        start, size = start + size, size + 1
    return np.concatenate(logits)
