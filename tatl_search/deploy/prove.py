"""What must hold before an export is called done, and what is measured once it does."""

import math
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

import torch

from tatl_search.core.accuracy import Accuracy
from tatl_search.core.confidence import standard_error
from tatl_search.data.batches import Batch, InputForm, evaluation_batches
from tatl_search.data.names import one_form
from tatl_search.data.target import Split, TargetData
from tatl_search.deploy.figures import Opening, Proof, Reached
from tatl_search.deploy.formats import ONNX, ExportFormat
from tatl_search.deploy.parity import (
    Classifier,
    confusion_of,
    logits_in_batches,
    prove_parity,
    torch_classifier,
)
from tatl_search.errors import InputError, RunError
from tatl_search.nets.cost import count_macs, count_parameters
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.structure import load_network
from tatl_search.nets.zoo import LoadedNetwork
from tatl_search.records import CandidateRecord

BATCH_SIZE = 64
PARITY_IMAGES = 256

LEAST_TOLERANCE = 0.01
"""An accuracy may differ by this from the recorded one: GPUs and threads round differently."""


def load_checked(folder: Path, record: CandidateRecord, target: TargetData) -> LoadedNetwork:
    """Return a stored network that takes the target's images and costs what its record says.

    Raises:
        InputError: the data is not what it was trained on, or the folder is damaged.
        RunError: it costs something else.
    """
    network, class_names, image_size = load_network(folder, trust=None)
    if tuple(map(one_form, class_names)) != target.class_names or image_size != target.image_size:
        raise InputError(
            f"the data is not what {record.label} was trained on: it was {len(class_names)}"
            f" classes at {image_size} px, the data given has {len(target.class_names)} at"
            f" {target.image_size} px"
        )
    check_costs(network, record)
    return network


def check_costs(network: LoadedNetwork, record: CandidateRecord) -> None:
    """Check that a stored network costs what its record says.

    Raises:
        RunError: it does not.
    """
    macs = count_macs(network.module, record.image_size)
    parameters = count_parameters(network.module)
    if (macs, parameters) != (record.macs, record.parameters):
        raise RunError(
            f"the stored network of {record.label} has {macs} MACs and {parameters} parameters,"
            f" its record says {record.macs} and {record.parameters}"
        )


def prove_export(
    network: LoadedNetwork,
    exported: Mapping[ExportFormat, Classifier],
    record: CandidateRecord,
    target: TargetData,
) -> tuple[Proof, ...]:
    """Compare the exported files with the network on validation images.

    Args:
        network: the network itself.
        exported: what was written in each format, ONNX among them.
        record: of the network.
        target: the target task.

    Raises:
        RunError: a runtime disagrees with torch, or the ONNX file's validation accuracy is not
            the recorded one: the stored network or the data is not what the search saw.
    """
    images = sample_inputs(network, target, PARITY_IMAGES)
    expected = logits_in_batches(torch_classifier(network.module), images)
    proofs = tuple(
        Proof(kind.name, kind.runtime, prove_parity(kind.runtime, expected, classifier, images))
        for kind, classifier in exported.items()
    )
    batches = _batches(target.val, network, target.image_size)
    found = confusion_of(exported[ONNX], batches, target.class_names).accuracy.accuracy
    check_accuracy(found, record, "exported")
    return proofs


def check_accuracy(found: float, record: CandidateRecord, which: str) -> None:
    """Check that a network does on validation images what its record says.

    Args:
        found: its accuracy on them.
        record: of the network.
        which: of its forms was measured, for people.

    Raises:
        RunError: it does not: the network or the data is not what the search saw.
    """
    tolerance = max(LEAST_TOLERANCE, standard_error(record.accuracy, record.val_images))
    if abs(found - record.accuracy) > tolerance:
        raise RunError(
            f"the {which} network of {record.label} classifies {found:.4f} of the validation"
            f" images correctly, its record says {record.accuracy:.4f}: is this the data it was"
            " trained on?"
        )


def measure_test(
    onnx: Classifier,
    networks: tuple[LoadedNetwork, LoadedNetwork],
    records: tuple[CandidateRecord, CandidateRecord],
    targets: tuple[TargetData, TargetData],
    log: Path,
) -> Opening:
    """Open the test split once and measure the export and the unpruned network on it.

    Args:
        onnx: the export of the picked network.
        networks: the picked network and the unpruned one.
        records: their records.
        targets: the target task as each of them sees it: their inputs may differ in size.
        log: where openings of the test split are kept.
    """
    picked, unpruned = networks
    why = f"export of {records[0].label} (stage {records[0].stage}), with the unpruned network"
    target, beside = targets
    split = target.open_test(why, log)
    earlier = len(log.read_text(encoding="utf-8", errors="replace").splitlines()) - 1
    batches = _batches(split, picked, target.image_size)
    confusion = confusion_of(onnx, batches, target.class_names)
    same = split if beside is target else beside.open_test(why)
    batches = _batches(same, unpruned, beside.image_size)
    theirs = Accuracy.measured(evaluate(unpruned.module, batches).accuracy, len(same))
    return Opening(
        picked=Reached.of(records[0], confusion.accuracy),
        unpruned=Reached.of(records[1], theirs),
        confusion=confusion,
        earlier_openings=earlier,
    )


def sample_inputs(network: LoadedNetwork, target: TargetData, most: int) -> torch.Tensor:
    """Return the first validation images as the network takes them, (N, 3, S, S)."""
    batches = _batches(target.val, network, target.image_size)
    images = islice(batches, math.ceil(most / BATCH_SIZE))
    return torch.cat([inputs for inputs, _ in images])[:most]


def _batches(split: Split, network: LoadedNetwork, side: int) -> Iterator[Batch]:
    return evaluation_batches(split, BATCH_SIZE, InputForm(side, network.preprocessing, "cpu"))
