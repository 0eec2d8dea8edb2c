"""An exported folder measured on the machine that will run it, and the figures brought back.

That machine needs onnxruntime and numpy, not torch.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from functools import partial
from pathlib import Path

import onnxruntime

from tatl_search.deploy.checksums import verify_checksums
from tatl_search.deploy.onnx_timing import check_onnx_device, device_name, input_side, open_onnx
from tatl_search.deploy.stopwatch import Schedule, time_by_turns
from tatl_search.deploy.ways import LatencyRequest, Machine, Network, latency_record
from tatl_search.errors import InputError
from tatl_search.files import storage_errors, write_durably
from tatl_search.records import LatencyRecord, Runtime

MODEL, METRICS = "model.onnx", "metrics.json"


def measure_folder(
    folder: Path, request: LatencyRequest, schedule: Schedule, announce: Callable[[str], None]
) -> list[LatencyRecord]:
    """Measure an exported network with ONNX Runtime on this machine, while nothing else runs.

    Args:
        folder: what `tatl-search pick --export` wrote.
        request: how it is run; ONNX Runtime is the only runtime there is.
        schedule: how long is measured.
        announce: told what is done.

    Raises:
        InputError: it is no exported folder, it is damaged, or the device cannot be used.
        RunError: ONNX Runtime cannot run it.
    """
    verify_checksums(folder, (MODEL, METRICS))
    check_onnx_device(request.device)
    machine = Machine(device_name(request.device), {Runtime.ONNXRUNTIME: onnxruntime.__version__})
    network = _network_of(folder)
    ways = [way for way in request.ways() if way.runtime is Runtime.ONNXRUNTIME]
    openers = [partial(open_onnx, folder / MODEL, way) for way in ways]
    timings = time_by_turns(openers, schedule, announce)
    return [
        latency_record(network, way, machine, timing)
        for way, timing in zip(ways, timings, strict=True)
    ]


def write_profile(path: Path, records: Iterable[LatencyRecord]) -> None:
    """Write measurements as JSON, to be brought back to the sweep by `latency --import`.

    Raises:
        StorageError: the file cannot be written.
    """
    content = {"latency": [asdict(record) for record in records]}
    with storage_errors(path, "Nothing was written; choose another place."):
        write_durably(path, (json.dumps(content, indent=1) + "\n").encode())


def _network_of(folder: Path) -> Network:
    try:
        known = json.loads((folder / METRICS).read_text(encoding="utf-8"))
        names = {name: str(known[name]) for name in ("sweep", "label", "stage")}
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{folder / METRICS} is no exported network's ({error!r})") from error
    return Network(**names, image_size=input_side(folder / MODEL))
