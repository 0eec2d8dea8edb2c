"""Export a network to ONNX: one self-contained file with a free batch size."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn

from tatl_search.errors import RunError
from tatl_search.nets.skeleton import eval_mode

INPUT_NAME = "image"
OUTPUT_NAME = "logits"


def export_onnx(module: nn.Module, path: Path, image_size: int) -> None:
    """Write a network as ONNX, float input `image` (N, 3, S, S) to output `logits` (N, classes).

    The input is normalised already; `preprocessing.json` of a bundle says how. The network's
    train or eval mode is restored; what is written is its behaviour in eval mode.

    Args:
        module: the network, on the CPU.
        path: the file to write.
        image_size: S, side of the square input in pixels.

    Raises:
        RunError: torch cannot export the network.
    """
    # An example batch of 1 would be taken for a constant (pytorch#133653).
    example = torch.zeros(2, 3, image_size, image_size)
    try:
        with eval_mode(module), _quiet():
            torch.onnx.export(
                module,
                (example,),
                path,
                dynamo=True,
                external_data=False,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_shapes=({0: torch.export.Dim("batch", min=1)},),
            )
    except Exception as error:  # its passes raise anything
        raise RunError(f"torch cannot export this network to ONNX: {error}") from error


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's progress and deprecation notes off the user's terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    with (
        contextlib.redirect_stdout(io.StringIO()),
        contextlib.redirect_stderr(io.StringIO()),
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore")
        try:
            yield
        finally:
            logger.setLevel(level)
