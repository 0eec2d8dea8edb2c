"""Check that an exported folder arrived whole and computes here what it computed when made.

`python verify.py` in the folder needs onnxruntime and numpy only; `tatl-search verify FOLDER` does
the same. Nothing in the folder is trusted: what a file declares of itself allocates no memory.
"""

import contextlib
import hashlib
import json
import math
import sys
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

CHECKSUMS = "checksums.txt"
NEEDED = ("labels.txt", "model.onnx", "preprocessing.json", "samples.npz")
FORM = 1
"""Version of `preprocessing.json` and `metrics.json` that this program writes and reads."""

MAX_RELATIVE_DIFFERENCE = 1e-3
"""Greatest difference of an image's logits, as a share of its largest logit in magnitude."""

MOST_TEXT_BYTES = 2**24
MOST_SAMPLE_BYTES = 2**26
BATCHES = (1, 2)
"""Images in the first batches that are run; the rest follows in one."""

_UNREADABLE = (
    OSError, ValueError, KeyError, TypeError, EOFError, RuntimeError, RecursionError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""What the readers of JSON and npz raise for damaged files."""


class DamagedError(Exception):
    """The folder is not what it was when it was made; the message says where, for people."""


@dataclass(frozen=True)
class Parity:
    """How far a runtime's outputs lie from those expected.

    Attributes:
        images: images compared.
        max_abs_difference: greatest difference of a logit.
        max_relative_difference: the same divided by the image's largest logit in magnitude.
        argmax_agreement: share of images with the same predicted class; where the expected logits
            of the two classes are tied within the tolerance, the classes count as one.
    """

    images: int
    max_abs_difference: float
    max_relative_difference: float
    argmax_agreement: float

    @property
    def holds(self) -> bool:
        """Whether the two agree; NaN never does."""
        return (
            self.max_relative_difference <= MAX_RELATIVE_DIFFERENCE and self.argmax_agreement == 1.0
        )

    def __str__(self) -> str:
        return (
            f"{self.images} images, largest difference {self.max_abs_difference:.2g} (relative"
            f" {self.max_relative_difference:.2g}), same class for {self.argmax_agreement:.2%}"
        )


def compare(expected: Floats, found: Floats) -> Parity:
    """Compare two (N, classes) arrays of logits."""
    rows = np.arange(len(expected))
    scale = np.maximum(np.abs(expected).max(axis=1), np.finfo(np.float32).tiny)
    with np.errstate(invalid="ignore"):  # infinities give NaN, which agrees with nothing
        difference = np.abs(expected - found).max(axis=1)
        lost = expected.max(axis=1) - expected[rows, found.argmax(axis=1)]
    return Parity(
        images=len(expected),
        max_abs_difference=float(difference.max()),
        max_relative_difference=float((difference / scale).max()),
        argmax_agreement=float(np.mean(lost <= MAX_RELATIVE_DIFFERENCE * scale)),
    )


def verify(folder: Path) -> str:
    """Check the files, then what the network computes on the stored images.

    Returns:
        What was found, for people.

    Raises:
        DamagedError: a file is missing or changed, or the network computes something else here.
    """
    files = check_files(folder, NEEDED)
    form = read_form(folder / "preprocessing.json")
    classes = _content(folder / "labels.txt").count(b"\n")
    images, expected = read_samples(folder / "samples.npz", form, classes)
    parity = compare(expected, _run(folder / "model.onnx", form, images, classes))
    if not parity.holds:
        raise DamagedError(
            f"{folder / 'model.onnx'} does not compute here what it should: {parity} (allowed:"
            f" relative {MAX_RELATIVE_DIFFERENCE:g}, 100%)"
        )
    return f"{len(files)} files are as they were made\nthe stored logits again: {parity}"


def check_files(folder: Path, needed: Iterable[str]) -> list[str]:
    """Check every file that `checksums.txt` lists and return their names.

    Args:
        folder: the folder to check.
        needed: names that must be listed.

    Raises:
        DamagedError: the list is missing or unreadable, a file is missing, changed or not a plain
            file of this folder, or a needed one is not listed.
    """
    path = folder / CHECKSUMS
    try:
        lines = _content(path).decode("utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise DamagedError(f"{path} is damaged: it is no text") from error
    listed = [_checked(folder, line, number) for number, line in enumerate(lines, start=1)]
    if missing := sorted(set(needed) - set(listed)):
        raise DamagedError(f"{path} does not list {', '.join(missing)}: export the network again")
    return listed


def _checked(folder: Path, line: str, number: int) -> str:
    held, separator, name = line.partition("  ")
    if not separator or name != Path(name).name:
        raise DamagedError(
            f"{folder / CHECKSUMS}, line {number}: expected a checksum and the name of a file in"
            f" this folder, found {line[:200]!r}"
        )
    path = folder / name
    _refuse_other_than_plain(path)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != held:
        raise DamagedError(
            f"{path} is damaged: it is not what {CHECKSUMS} says. Copy the folder or export again."
        )
    return name


def read_form(path: Path) -> dict[str, Any]:
    """Return what `preprocessing.json` says.

    Raises:
        DamagedError: it is no such file, or a newer version wrote it.
    """
    try:
        form = json.loads(_content(path))
        version = form["schema_version"]
    except _UNREADABLE as error:
        raise DamagedError(f"{path} is damaged ({type(error).__name__}: {error})") from error
    if version != FORM:
        raise DamagedError(f"{path} is of form {version}, this program reads form {FORM}")
    return dict(form)


def read_samples(
    path: Path, form: dict[str, Any], classes: int
) -> tuple[npt.NDArray[np.uint8], Floats]:
    """Return the stored images (N, height, width, 3) and their expected logits (N, classes).

    Raises:
        DamagedError: it holds anything else.
    """
    try:
        if path.stat().st_size > MOST_SAMPLE_BYTES:
            raise ValueError(f"it is larger than {MOST_SAMPLE_BYTES} bytes")
        with zipfile.ZipFile(path) as archive:
            images = _array(archive, "images.npy", np.uint8, (form["height"], form["width"], 3))
            logits = _array(archive, "logits.npy", np.float32, (classes,))
        if len(images) != len(logits) or not len(images) or not np.isfinite(logits).all():
            raise ValueError("every image needs its logits, all of them finite")
    except _UNREADABLE as error:
        raise DamagedError(f"{path} is damaged ({type(error).__name__}: {error})") from error
    return images, logits


def _array(
    archive: zipfile.ZipFile, name: str, dtype: npt.DTypeLike, of_each: tuple[int, ...]
) -> npt.NDArray[Any]:
    """Return one array of an npz file, of so many rows as it has bytes; never unpickles."""
    found = archive.getinfo(name)
    if found.file_size > MOST_SAMPLE_BYTES:
        raise ValueError(f"{name} says it has {found.file_size} bytes")
    with archive.open(found) as file:
        np.lib.format.read_magic(file)
        shape, by_columns, stored = np.lib.format.read_array_header_1_0(file)
        content = file.read()
    if stored != np.dtype(dtype) or by_columns or shape[1:] != of_each:
        raise ValueError(f"{name} is {shape} of {stored}, expected rows of {of_each}")
    if math.prod(shape) * stored.itemsize != len(content):
        raise ValueError(f"{name} is cut, or says it is {shape}")
    return np.frombuffer(content, stored).reshape(shape)


def _run(path: Path, form: dict[str, Any], images: npt.NDArray[np.uint8], classes: int) -> Floats:
    import onnxruntime  # checking files alone needs none

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    logits, start = [], 0
    try:
        shifted = images.astype(np.float32) / 255 - np.asarray(form["mean"], np.float32)
        inputs = (shifted / np.asarray(form["std"], np.float32)).transpose(0, 3, 1, 2)
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        for size in (*BATCHES, len(images)):
            batch = np.ascontiguousarray(inputs[start : start + size])
            if len(batch):
                logits += session.run([form["output"]], {form["input"]: batch})
            start += size
        return np.concatenate(logits).reshape(len(images), classes)
    except Exception as error:  # ONNX Runtime raises anything
        raise DamagedError(f"{path} cannot be run: {error}") from error


def _content(path: Path) -> bytes:
    """Return what is in a small file."""
    _refuse_other_than_plain(path)
    if path.stat().st_size > MOST_TEXT_BYTES:
        raise DamagedError(f"{path} is larger than {MOST_TEXT_BYTES} bytes: it is damaged")
    return path.read_bytes()


def _refuse_other_than_plain(path: Path) -> None:
    with contextlib.suppress(OSError):  # of a name that no file can have
        if path.is_file() and not path.is_symlink():
            return
    raise DamagedError(f"{path} is missing or no plain file: copy the whole folder again")


if __name__ == "__main__":
    try:
        print(f"{verify(Path(__file__).parent)}\nverified")
    except DamagedError as fault:
        sys.exit(f"NOT VERIFIED: {fault}")
