"""What must hold before an export is called done, and what is measured once it does."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import torch

from tatl_search.core.confidence import standard_error
from tatl_search.data.batches import Batch, InputForm, evaluation_batches
from tatl_search.data.target import Split, TargetData
from tatl_search.deploy.figures import Accuracy, Figures
from tatl_search.deploy.parity import OnnxClassifier, Parity, prove_parity
from tatl_search.errors import RunError
from tatl_search.nets.cost import count_macs, count_parameters
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.zoo import LoadedNetwork
from tatl_search.records import CandidateRecord

BATCH_SIZE = 64
PARITY_BATCHES = 4

LEAST_TOLERANCE = 0.01
"""An accuracy may differ by this from the recorded one: GPUs and threads round differently."""


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
    network: LoadedNetwork, exported: OnnxClassifier, record: CandidateRecord, target: TargetData
) -> Parity:
    """Compare the export with the network on validation images.

    Raises:
        RunError: ONNX Runtime disagrees with torch, or the export's validation accuracy is not
            the recorded one: the stored network or the data is not what the search saw.
    """
    batches = _batches(target.val, network, target.image_size)
    images = torch.cat([inputs for inputs, _ in islice(batches, PARITY_BATCHES)])
    parity = prove_parity(network.module, exported, images)
    batches = _batches(target.val, network, target.image_size)
    found = exported.accuracy(batches)
    tolerance = max(LEAST_TOLERANCE, standard_error(record.accuracy, record.val_images))
    if abs(found - record.accuracy) > tolerance:
        raise RunError(
            f"the exported network of {record.label} classifies {found:.4f} of the validation"
            f" images correctly, its record says {record.accuracy:.4f}: is this the data it was"
            " trained on?"
        )
    return parity


def measure_test(
    exported: OnnxClassifier,
    networks: tuple[LoadedNetwork, LoadedNetwork],
    records: tuple[CandidateRecord, CandidateRecord],
    target: TargetData,
    log: Path,
) -> tuple[Figures, Figures, int]:
    """Open the test split once and measure the export and the unpruned network on it.

    Args:
        exported: the export of the picked network.
        networks: the picked network and the unpruned one.
        records: their records.
        target: the target task.
        log: where openings of the test split are kept.

    Returns:
        Figures of the picked and of the unpruned network, and how often the test split had been
        opened before.
    """
    picked, unpruned = networks
    why = f"export of {records[0].label} (stage {records[0].stage}), with the unpruned network"
    split = target.open_test(why, log)
    earlier = len(log.read_text(encoding="utf-8", errors="replace").splitlines()) - 1
    batches = _batches(split, picked, target.image_size)
    mine = Accuracy.measured(exported.accuracy(batches), len(split))
    batches = _batches(split, unpruned, target.image_size)
    theirs = Accuracy.measured(evaluate(unpruned.module, batches).accuracy, len(split))
    return Figures.of(records[0], mine), Figures.of(records[1], theirs), earlier


def _batches(split: Split, network: LoadedNetwork, side: int) -> Iterator[Batch]:
    return evaluation_batches(split, BATCH_SIZE, InputForm(side, network.preprocessing, "cpu"))
