"""Measure candidates of a sweep alone on this machine, and keep what was measured."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import onnxruntime
import torch

from tatl_search.deploy.export import trace, write_onnx
from tatl_search.deploy.onnx_timing import check_onnx_device, device_name, open_onnx
from tatl_search.deploy.restore import restored
from tatl_search.deploy.stopwatch import Pass, Schedule, time_by_turns
from tatl_search.deploy.torch_timing import check_torch_device, open_torch
from tatl_search.deploy.ways import (
    LatencyRequest,
    Machine,
    Network,
    Way,
    is_measured,
    latency_record,
)
from tatl_search.nets.structure import load_network
from tatl_search.nets.threads import torch_threads
from tatl_search.records import CandidateRecord, LatencyRecord, Runtime
from tatl_search.results.latency import measured_latency
from tatl_search.results.store import SweepResults
from tatl_search.tracking.parquet import write_latency

Announce = Callable[[str], None]


def measure_candidates(
    results: SweepResults,
    candidates: Sequence[CandidateRecord],
    request: LatencyRequest,
    schedule: Schedule,
    announce: Announce,
) -> list[LatencyRecord]:
    """Measure networks that were not yet measured in this way, and store what is measured.

    Nothing else should run on the machine, the sweep's own trials least of all.

    Args:
        results: the sweep.
        candidates: its networks; those that share a stage are one network.
        request: how they are run.
        schedule: how long is measured.
        announce: told what is done.

    Raises:
        InputError: a runtime cannot use such a device here.
        RunError: a network cannot be exported or run.
        StorageError: a network is gone, or the sweep's folder cannot be written.
    """
    machine = _this_machine(request)
    networks = {
        row.stage: (row, Network(row.sweep, row.label, row.stage, row.image_size))
        for row in reversed(candidates)
    }
    stored = measured_latency(results.folder)
    missing = [
        (row, network, way)
        for row, network in networks.values()
        for way in request.ways()
        if not any(is_measured(network, way, machine, held) for held in stored)
    ]
    if not missing:
        return []
    with TemporaryDirectory() as name:
        folders = {row.stage: restored(results, row).folder for row, _, _ in missing}
        if Runtime.ONNXRUNTIME in request.runtimes:
            _export(folders, Path(name), announce)
        openers = [_opener(folders[row.stage], Path(name), way) for row, _, way in missing]
        with torch_threads(request.threads):
            timings = time_by_turns(openers, schedule, announce)
    records = [
        latency_record(network, way, machine, timing)
        for (_, network, way), timing in zip(missing, timings, strict=True)
    ]
    for record in records:
        write_latency(results.folder, record)
    return records


def _this_machine(request: LatencyRequest) -> Machine:
    if Runtime.ONNXRUNTIME in request.runtimes:
        check_onnx_device(request.device)
    if Runtime.TORCH in request.runtimes:
        check_torch_device(request.device)
    versions = {
        Runtime.ONNXRUNTIME: onnxruntime.__version__,
        Runtime.TORCH: str(torch.__version__),
    }
    return Machine(device_name(request.device), versions)


def _export(folders: dict[str, Path], to: Path, announce: Announce) -> None:
    announce(f"exporting {len(folders)} networks for ONNX Runtime")
    for stage, folder in folders.items():
        network, _, image_size = load_network(folder, trust=None)
        write_onnx(trace(network.module, image_size), _onnx_file(to, folder))
        announce(f"exported {stage[:8]}")


def _onnx_file(exported: Path, stage: Path) -> Path:
    return exported / f"{stage.name}.onnx"


def _opener(stage: Path, exported: Path, way: Way) -> Callable[[], Pass]:
    if way.runtime is Runtime.TORCH:
        return partial(open_torch, stage, way)
    return partial(open_onnx, _onnx_file(exported, stage), way)
