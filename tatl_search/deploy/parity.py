"""Proof that exported files compute what the network computes, on real images."""

from collections.abc import Callable, Iterable
from itertools import chain, repeat
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import nn

from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.export import INPUT_NAME, OUTPUT_NAME
from tatl_search.deploy.shipped.verify import MAX_RELATIVE_DIFFERENCE, Floats, Parity, compare
from tatl_search.errors import RunError

BATCHES = (1, 2, 7, 32)
"""Images in the first batches that are compared: a size frozen at export shows at once."""

LATER_BATCHES = 64

Classifier = Callable[[torch.Tensor], Floats]
"""Returns (N, classes) logits of (N, 3, S, S) normalised images."""


def torch_classifier(module: nn.Module) -> Classifier:
    """Return a network, on the CPU and in eval mode, as a classifier."""

    def logits(images: torch.Tensor) -> Floats:
        with torch.inference_mode():
            return np.asarray(module(images).numpy(), dtype=np.float32)

    return logits


def pt2_classifier(path: Path) -> Classifier:
    """Return the network of a `.pt2` file that this process wrote as a classifier."""
    return torch_classifier(torch.export.load(path).module())


def onnx_classifier(path: Path) -> Classifier:
    """Return an ONNX file, run by ONNX Runtime on the CPU, as a classifier.

    It has as many threads as torch has.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def logits(images: torch.Tensor) -> Floats:
        feed = {INPUT_NAME: np.ascontiguousarray(images.numpy())}
        return np.asarray(session.run([OUTPUT_NAME], feed)[0], dtype=np.float32)

    return logits


def confusion_of(
    classifier: Classifier,
    batches: Iterable[tuple[torch.Tensor, torch.Tensor]],
    class_names: tuple[str, ...],
) -> Confusion:
    """Return which classes a classifier takes for which, over batches of images and labels."""
    counts = np.zeros((len(class_names), len(class_names)), np.int64)
    for images, labels in batches:
        np.add.at(counts, (labels.numpy(), classifier(images).argmax(axis=1)), 1)
    return Confusion(class_names, counts)


def prove_parity(
    runtime: str, expected: Floats, classifier: Classifier, images: torch.Tensor
) -> Parity:
    """Compare an exported file with the network on images, fed in batches of several sizes.

    Args:
        runtime: what runs the file, for people.
        expected: (N, classes) logits of the network itself.
        classifier: the exported file.
        images: (N, 3, S, S) normalised images.

    Raises:
        RunError: they disagree; the message holds the figures.
    """
    found = compare(expected, logits_in_batches(classifier, images))
    if not found.holds:
        raise RunError(
            f"the exported network does not compute what the network computes: {runtime} on"
            f" {found} (allowed: relative {MAX_RELATIVE_DIFFERENCE:g}, 100%)"
        )
    return found


def logits_in_batches(classifier: Classifier, images: torch.Tensor) -> Floats:
    """Return the logits of all images, fed in batches of 1, 2, 7, 32 and then 64."""
    logits, start = [], 0
    for size in chain(BATCHES, repeat(LATER_BATCHES)):
        if start >= len(images):
            break
        logits.append(classifier(images[start : start + size]))
        start += size
    return np.concatenate(logits)
