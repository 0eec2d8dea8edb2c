"""ONNX Runtime as something to be timed, with nothing but onnxruntime and numpy."""

import platform
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import onnxruntime

from tatl_search.deploy.stopwatch import Pass
from tatl_search.deploy.ways import DeviceType, Way
from tatl_search.errors import InputError, RunError
from tatl_search.records import Runtime

PROVIDERS = {
    DeviceType.CPU: "CPUExecutionProvider",
    DeviceType.CUDA: "CUDAExecutionProvider",
}
CPU_INFO, BOARD = Path("/proc/cpuinfo"), Path("/proc/device-tree/model")


def check_onnx_device(device: DeviceType) -> None:
    """Raise InputError unless ONNX Runtime can run on a kind of device here."""
    found = onnxruntime.get_available_providers()
    if PROVIDERS[device] not in found:
        raise InputError(
            f"this ONNX Runtime cannot run on {device}: it has {', '.join(found)}. Install"
            " onnxruntime-gpu instead of onnxruntime, or leave it out: --runtime torch"
        )


def open_onnx(path: Path, way: Way) -> Pass:
    """Load an exported network and return a pass of a batch of black images.

    The images lie on the device already, and what comes out stays there.

    Raises:
        RunError: ONNX Runtime cannot load or run it there.
    """
    session = _session(path, way)
    (taken,), (given, *_) = session.get_inputs(), session.get_outputs()
    images = np.zeros((way.batch, *taken.shape[1:]), dtype=np.float32)
    binding = session.io_binding()
    binding.bind_ortvalue_input(
        taken.name, onnxruntime.OrtValue.ortvalue_from_numpy(images, way.device.value, 0)
    )
    binding.bind_output(given.name, way.device.value)
    return partial(session.run_with_iobinding, binding)


def input_side(path: Path) -> int:
    """Return the side in pixels of the images that an exported network takes.

    Raises:
        RunError: ONNX Runtime cannot load it.
    """
    way = Way(Runtime.ONNXRUNTIME, DeviceType.CPU, batch=1, threads=1)
    shape = _session(path, way).get_inputs()[0].shape
    return int(shape[-1])


def device_name(device: DeviceType) -> str:
    """Return the name of this machine's CPU or first GPU, without torch.

    Raises:
        InputError: there is no such device.
    """
    return _gpu_name() if device is DeviceType.CUDA else _cpu_name()


def _session(path: Path, way: Way) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = way.threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        session = onnxruntime.InferenceSession(path, options, providers=[PROVIDERS[way.device]])
    except Exception as error:  # its bindings raise classes of their own
        raise RunError(f"ONNX Runtime cannot load {path}: {error}") from error
    if PROVIDERS[way.device] not in session.get_providers():  # it falls back in silence
        raise RunError(f"ONNX Runtime cannot run {path} on {way.device}: is its CUDA the driver's?")
    return session


def _cpu_name() -> str:
    readers: tuple[Callable[[], str], ...] = (_cpu_info, _board, platform.processor)
    return next(filter(None, (read() for read in readers)), platform.machine())


def _cpu_info() -> str:
    if not CPU_INFO.is_file():
        return ""
    lines = CPU_INFO.read_text(encoding="utf-8", errors="replace").splitlines()
    models = (line.partition(":")[2] for line in lines if line.startswith("model name"))
    return " ".join(next(models, "").split())


def _board() -> str:
    """Return what a small computer calls itself, such as a Raspberry Pi: its CPU has no name."""
    return BOARD.read_text(errors="replace").strip("\0\n ") if BOARD.is_file() else ""


def _gpu_name() -> str:
    words = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        found = subprocess.run(words, capture_output=True, text=True, check=True)  # noqa: S603
    except (OSError, subprocess.CalledProcessError) as error:
        raise InputError("no NVIDIA GPU was found here: nvidia-smi gave no answer") from error
    return found.stdout.splitlines()[0].strip()
