"""The folder a user takes away: complete, proven, and whole or absent."""

import json
import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import onnxruntime
import torch
import yaml

from tatl_search.adaptation.stages import StageStore
from tatl_search.config import AdaptationConfig, DataSettings
from tatl_search.data.target import TargetData
from tatl_search.deploy.card import model_card
from tatl_search.deploy.checksums import write_checksums
from tatl_search.deploy.export import INPUT_NAME, OUTPUT_NAME, export_onnx
from tatl_search.deploy.figures import Measurements
from tatl_search.deploy.load import NETWORK_FILES
from tatl_search.deploy.parity import OnnxClassifier
from tatl_search.deploy.prove import check_costs, measure_test, prove_export
from tatl_search.errors import InputError, StorageError
from tatl_search.files import storage_errors
from tatl_search.manifest import SweepFolder
from tatl_search.nets.preprocessing import Preprocessing
from tatl_search.nets.structure import load_network
from tatl_search.nets.zoo import LoadedNetwork
from tatl_search.records import CandidateRecord

ONNX_FILE = "model.onnx"
TEST_LOG = "test_openings.jsonl"
"""In the sweep's folder: every opening of the test split, a line each."""

FULL = "Nothing was exported; free or mend the storage, or export to another place."


@dataclass(frozen=True)
class BundleReport:
    """What was exported, and what was measured on the way; its text is for people.

    Attributes:
        folder: where it lies.
        measured: figures of the exported network and of the unpruned one.
    """

    folder: Path
    measured: Measurements

    def __str__(self) -> str:
        return f"exported to {self.folder}\n{self.measured}"


def write_bundle(
    destination: Path,
    sweep: SweepFolder,
    picked: CandidateRecord,
    unpruned: CandidateRecord,
    target: TargetData,
    why: str,
) -> BundleReport:
    """Export a candidate as a folder that runs without this product.

    The folder appears only once everything is proven: the stored network costs what its record
    says, ONNX Runtime agrees with torch on validation images, and the ONNX file's accuracy on
    them is the recorded one. Only then is the test split opened, once for both networks.

    Args:
        destination: the folder to write; must not exist, or be empty.
        sweep: where the stages lie, and where the opening of the test split is logged.
        picked: the candidate.
        unpruned: the fine-tuned network it was pruned from, at the same image size.
        target: the data both were trained on.
        why: why this candidate was picked, for the model card.

    Raises:
        InputError: the destination is taken, or the data is not the candidates'.
        RunError: the network cannot be exported, or a proof failed.
        StorageError: a stage is gone or damaged, or the destination cannot be written.
    """
    records = (picked, unpruned)
    destination = _free_destination(destination)
    stages = (_stage_folder(sweep, picked), _stage_folder(sweep, unpruned))
    with storage_errors(destination, FULL), _whole_or_absent(destination) as folder:
        for name in NETWORK_FILES:
            shutil.copyfile(stages[0] / name, folder / name)
        networks = (
            _load_checked(folder, picked, target),
            _load_checked(stages[1], unpruned, target),
        )
        export_onnx(networks[0].module, folder / ONNX_FILE, picked.image_size)
        exported = OnnxClassifier(folder / ONNX_FILE)
        parity = prove_export(networks[0], exported, picked, target)
        figures = measure_test(exported, networks, records, target, sweep.root / TEST_LOG)
        measured = Measurements(*figures, parity, (folder / ONNX_FILE).stat().st_size)
        _describe(folder, picked, networks[0].preprocessing, target.class_names)
        _write_json(folder / "metrics.json", _metrics(picked, measured))
        card = model_card(picked, why, measured, target.class_names)
        (folder / "README.md").write_text(card, encoding="utf-8")
        write_checksums(folder)
    return BundleReport(folder=destination, measured=measured)


def _free_destination(destination: Path) -> Path:
    destination = destination.expanduser().resolve()
    if destination.exists() and not (destination.is_dir() and not any(destination.iterdir())):
        raise InputError(f"{destination} exists already: name another folder or remove it")
    above = next(parent for parent in destination.parents if parent.exists())
    if not above.is_dir():
        raise InputError(f"{destination} cannot be made: {above} is a file")
    return destination


def _stage_folder(sweep: SweepFolder, record: CandidateRecord) -> Path:
    stage = StageStore(sweep.stages).get(record.stage)
    if stage is None:
        raise StorageError(
            f"the network of {record.label} is gone or damaged: {sweep.stages / record.stage}."
            " Its settings are stored in its row: `tatl-search adapt` computes it again."
        )
    return stage.folder


def _load_checked(folder: Path, record: CandidateRecord, target: TargetData) -> LoadedNetwork:
    network, class_names, image_size = load_network(folder)
    if class_names != target.class_names or image_size != target.image_size:
        raise InputError(
            f"the data is not what {record.label} was trained on: it was {len(class_names)}"
            f" classes at {image_size} px, the data given has {len(target.class_names)} at"
            f" {target.image_size} px"
        )
    check_costs(network, record)
    return network


@contextmanager
def _whole_or_absent(destination: Path) -> Iterator[Path]:
    """Give a folder beside the destination to fill; it becomes the destination at the end."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    unfinished = destination.with_name(f".{destination.name}.{uuid.uuid4().hex}")
    unfinished.mkdir()
    try:
        yield unfinished
        unfinished.rename(destination)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _describe(
    folder: Path, picked: CandidateRecord, preprocessing: Preprocessing, class_names: Sequence[str]
) -> None:
    """Write what the network takes, what it returns and the settings that led to it."""
    data = AdaptationConfig.model_validate_json(picked.settings).data
    _write_json(folder / "preprocessing.json", _input_format(preprocessing, data))
    (folder / "labels.txt").write_text("".join(f"{n}\n" for n in class_names), encoding="utf-8")
    settings = yaml.safe_dump(json.loads(picked.settings), sort_keys=False)
    (folder / "config.yaml").write_text(settings, encoding="utf-8")


def _input_format(preprocessing: Preprocessing, data: DataSettings) -> dict[str, Any]:
    return {
        "input": INPUT_NAME,
        "output": OUTPUT_NAME,
        "layout": "NCHW",
        "dtype": "float32",
        "shorter_side": data.stored_side,
        "height": data.image_size,
        "width": data.image_size,
        "resize": "shorter side to shorter_side, then the centre of height x width is kept",
        "interpolation": "bicubic",
        "color_order": "RGB",
        "value_range": [0.0, 1.0],
        "mean": list(preprocessing.mean),
        "std": list(preprocessing.std),
    }


def _metrics(picked: CandidateRecord, measured: Measurements) -> dict[str, Any]:
    return {
        "sweep": picked.sweep,
        "label": picked.label,
        "trial": picked.trial,
        "round": picked.round,
        "stage": picked.stage,
        "network": picked.network,
        **measured.to_dict(),
        "versions": {"torch": str(torch.__version__), "onnxruntime": onnxruntime.__version__},
    }


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
