"""Export a network once, for two runtimes: ONNX and torch's own, both with a free batch size."""

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import torch
from torch import nn
from torch.export import Dim, ExportedProgram

from tatl_search.errors import RunError
from tatl_search.nets.skeleton import eval_mode

INPUT_NAME = "image"
OUTPUT_NAME = "logits"

_BATCH = ({0: Dim("batch", min=1)},)


def trace(module: nn.Module, image_size: int) -> ExportedProgram:
    """Return what a network computes in eval mode, as torch's exporter sees it.

    Its input is float (N, 3, S, S), normalised already; its output (N, classes). The network's
    train or eval mode is restored.

    Args:
        module: the network, on the CPU.
        image_size: S, side of the square input in pixels.

    Raises:
        RunError: torch cannot follow the network.
    """
    # An example batch of 1 would be taken for a constant (pytorch#133653).
    example = torch.zeros(2, 3, image_size, image_size)
    try:
        with eval_mode(module), _quiet():
            return torch.export.export(module, (example,), dynamic_shapes=_BATCH)
    except Exception as error:  # its passes raise anything
        raise RunError(f"torch cannot export this network: {error}") from error


def write_onnx(program: ExportedProgram, path: Path) -> None:
    """Write one self-contained file with the input `image` and the output `logits`.

    Raises:
        RunError: torch cannot translate the network to ONNX.
    """
    try:
        with _quiet():
            exported = torch.onnx.export(
                program,
                dynamo=True,
                input_names=[INPUT_NAME],
                output_names=[OUTPUT_NAME],
                dynamic_shapes=({0: "batch"},),  # the name of the batch size in the file
            )
            assert exported is not None
            for node in exported.model.graph.all_nodes():
                node.metadata_props.clear()  # names folders of this machine, and is long
            exported.save(path, external_data=False)
    except Exception as error:  # its passes raise anything
        raise RunError(f"torch cannot export this network to ONNX: {error}") from error


def write_pt2(program: ExportedProgram, path: Path) -> None:
    """Write torch's own form, which `torch.export.load` reads; no pickle is in it.

    The program loses where in the code its steps come from, without which its translation to
    ONNX takes twice as long: write that first.

    Raises:
        RunError: torch cannot store the network.
    """
    for node in program.graph.nodes:
        node.meta.pop("stack_trace", None)  # names folders of this machine, and is long
    program.example_inputs = None  # would be stored as a pickle, as large as the images
    try:
        with _quiet():
            torch.export.save(program, path)
    except Exception as error:  # its passes raise anything
        raise RunError(f"torch cannot store this network as {path.name}: {error}") from error


def export_onnx(module: nn.Module, path: Path, image_size: int) -> None:
    """Write a network as ONNX alone; `trace` and `write_onnx` say how.

    Raises:
        RunError: torch cannot export the network.
    """
    write_onnx(trace(module, image_size), path)


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
