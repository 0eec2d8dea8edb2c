"""The folder a user takes away: complete, proven, and whole or absent."""

import shutil
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from tatl_search import data
from tatl_search.adaptation.stages import StageStore
from tatl_search.data.target import TargetData
from tatl_search.deploy import shipped
from tatl_search.deploy.card import CONFUSION_PICTURE, model_card
from tatl_search.deploy.checksums import write_checksums
from tatl_search.deploy.confusion_picture import save_confusion
from tatl_search.deploy.description import describe
from tatl_search.deploy.destination import free_destination
from tatl_search.deploy.export import trace
from tatl_search.deploy.figures import Measurements
from tatl_search.deploy.formats import ONNX, ExportFormat, formats_of
from tatl_search.deploy.load import NETWORK_FILES
from tatl_search.deploy.prove import load_checked, measure_test, prove_export
from tatl_search.deploy.provenance import Provenance
from tatl_search.deploy.samples import SAMPLES_FILE, write_samples
from tatl_search.deploy.shipped.verify import DamagedError, verify
from tatl_search.errors import RunError, StorageError
from tatl_search.files import storage_errors
from tatl_search.manifest import SweepFolder
from tatl_search.nets.zoo import LoadedNetwork
from tatl_search.records import CandidateRecord
from tatl_search.results.latency import measured_latency
from tatl_search.results.store import SweepResults

SCRIPTS = ((shipped, "predict.py"), (data, "reading.py"), (shipped, "verify.py"))
HERE_AND_THERE = ("from tatl_search.data import reading  # noqa: TID251", "import reading")
"""How a script imports the reader in this package, and from beside itself once it is shipped."""

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
    results: SweepResults,
    picked: CandidateRecord,
    unpruned: CandidateRecord,
    target: TargetData,
    why: str,
    formats: Sequence[str] = (),
    beside: TargetData | None = None,
) -> BundleReport:
    """Export a candidate as a folder that runs without this product.

    The folder appears only once everything is proven: the stored network costs what its record
    says, the exported files agree with torch on validation images, and the ONNX file's
    accuracy on them is the recorded one. Only then is the test split opened, once for both
    networks. At last the folder is verified as those will who take it away.

    Args:
        destination: the folder to write; must not exist, or be empty.
        results: the sweep; its folder holds the stages and the log of test openings.
        picked: the candidate.
        unpruned: the fine-tuned network that it is compared with: the one it was pruned from.
        target: the data the candidate was trained on.
        why: why this candidate was picked, for the model card.
        formats: names of formats besides ONNX and `model.pt2`.
        beside: the data the unpruned network was trained on; null where they are the same.

    Raises:
        InputError: the destination is taken, a format is unknown, or the data is not the
            candidates'.
        RunError: the network cannot be exported, or a proof failed.
        StorageError: a stage is gone or damaged, or the destination cannot be written.
    """
    kinds = formats_of(formats)
    destination = free_destination(destination)
    targets = (target, beside or target)
    sweep = results.folder
    stages = (_stage_folder(sweep, picked), _stage_folder(sweep, unpruned))
    with storage_errors(destination, FULL), _whole_or_absent(destination) as folder:
        for name in NETWORK_FILES:
            shutil.copyfile(stages[0] / name, folder / name)
        networks = (
            load_checked(folder, picked, targets[0]),
            load_checked(stages[1], unpruned, targets[1]),
        )
        write_samples(folder / SAMPLES_FILE, networks[0], target)
        measured = _export(folder, networks, (picked, unpruned), targets, kinds, sweep.test_log)
        describe(folder, picked, networks[0].preprocessing, target.sixteen_bit_max, measured)
        save_confusion(measured.test.confusion, folder / CONFUSION_PICTURE)
        latencies = measured_latency(sweep)
        found = Provenance.of(results, picked, why)
        card = model_card(picked, found, measured, latencies, unpruned.stage, kinds)
        (folder / "README.md").write_text(card, encoding="utf-8")
        ship_scripts(folder)
        write_checksums(folder)
        _check_arrival(folder)
    return BundleReport(folder=destination, measured=measured)


def _export(
    folder: Path,
    networks: tuple[LoadedNetwork, LoadedNetwork],
    records: tuple[CandidateRecord, CandidateRecord],
    targets: tuple[TargetData, TargetData],
    formats: Sequence[ExportFormat],
    log: Path,
) -> Measurements:
    """Write a file for each runtime, prove them, then open the test split."""
    program = trace(networks[0].module, records[0].image_size)
    exported = {kind: kind.export(program, folder) for kind in formats}
    proofs = prove_export(networks[0], exported, records[0], targets[0])
    opening = measure_test(exported[ONNX], networks, records, targets, log)
    return Measurements(opening, proofs, (folder / ONNX.file).stat().st_size)


def ship_scripts(folder: Path) -> None:
    """Write what runs in a folder without this product."""
    for package, name in SCRIPTS:
        content = resources.files(package).joinpath(name).read_text(encoding="utf-8")
        (folder / name).write_text(content.replace(*HERE_AND_THERE), encoding="utf-8")


def _check_arrival(folder: Path) -> None:
    try:
        verify(folder)
    except DamagedError as error:
        raise RunError(
            f"the exported folder does not pass its own verification: {error}"
        ) from error


def _stage_folder(sweep: SweepFolder, record: CandidateRecord) -> Path:
    stage = StageStore(sweep.stages).get(record.stage)
    if stage is None:
        raise StorageError(
            f"the network of {record.label} is gone or damaged: {sweep.stages / record.stage}."
            " Its settings are stored in its row: `tatl-search adapt` computes it again."
        )
    return stage.folder


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
