"""MNIST-style idx files, plain or gzipped (format: LeCun, Cortes & Burges, MNIST)."""

import gzip
import math
import struct
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, Source, SplitName, source_folder
from tatl_search.data.names import one_form
from tatl_search.data.target import Labels, Pixels
from tatl_search.errors import InputError

_IMAGES_MAGIC = 0x0803  # unsigned bytes in three dimensions
_LABELS_MAGIC = 0x0801  # unsigned bytes in one dimension
_NAMES_FILE = "labels.txt"


def open_idx(settings: DataSettings) -> Source:
    """Return the set in a folder of idx files.

    Looked for are `train-images-idx3-ubyte` and `train-labels-idx1-ubyte` and, for the test
    split, the same with `t10k`; each may end in `.gz`. Classes are named by their number, or
    by the lines of a `labels.txt` beside the files.

    Raises:
        InputError: the folder or one of the files is missing.
    """
    folder = source_folder(settings)
    pairs = {SplitName.TRAIN: _pair(folder, "train")}
    if any(folder.glob("t10k-*")):
        pairs[SplitName.TEST] = _pair(folder, "t10k")
    names = folder / _NAMES_FILE
    files = [file for pair in pairs.values() for file in pair] + [names] * names.is_file()
    return Source(signature=_signature(files), read=partial(_read, pairs, names))


def _pair(folder: Path, prefix: str) -> tuple[Path, Path]:
    """Return the files of a split's images and labels."""
    return (
        _find(folder, f"{prefix}-images-idx3-ubyte"),
        _find(folder, f"{prefix}-labels-idx1-ubyte"),
    )


def _find(folder: Path, name: str) -> Path:
    for candidate in (folder / name, folder / f"{name}.gz"):
        if candidate.is_file():
            return candidate
    raise InputError(f"{folder} holds neither {name} nor {name}.gz")


def _signature(files: Sequence[Path]) -> str:
    stats = [(file, file.stat()) for file in files]
    return "\n".join(f"{file} {stat.st_size} {stat.st_mtime_ns}" for file, stat in stats)


def _read(pairs: dict[SplitName, tuple[Path, Path]], names_file: Path) -> Collection:
    parts = {split: _read_pair(*pair) for split, pair in pairs.items()}
    shapes = {pixels.shape[1:] for pixels, _ in parts.values()}
    if len(shapes) > 1:
        raise InputError(f"{names_file.parent}: train and t10k images differ in size: {shapes}")
    labels = np.concatenate([labels for _, labels in parts.values()])
    pixels = np.concatenate([pixels for pixels, _ in parts.values()])
    brought = [np.full(len(labels), split, np.int8) for split, (_, labels) in parts.items()]
    return Collection(
        class_names=_class_names(names_file, parts[SplitName.TRAIN][1], labels),
        labels=labels,
        brought=np.concatenate(brought),
        names=[
            f"{split.folder}[{index}]"
            for split, (_, labels) in parts.items()
            for index in range(len(labels))
        ],
        image=lambda index: Image.fromarray(pixels[index]).convert("RGB"),
    )


def _read_pair(images_file: Path, labels_file: Path) -> tuple[Pixels, Labels]:
    pixels = read_idx(images_file, _IMAGES_MAGIC)
    labels = read_idx(labels_file, _LABELS_MAGIC)
    if not pixels.size:
        raise InputError(f"{images_file} holds no images")
    if len(pixels) != len(labels):
        raise InputError(
            f"{images_file} holds {len(pixels)} images but {labels_file} {len(labels)} labels"
        )
    return pixels, labels.astype(np.int64)


def read_idx(path: Path, magic: int) -> Pixels:
    """Return the bytes of an idx file in the shape its head states.

    Args:
        path: the file; `.gz` is decompressed.
        magic: expected first four bytes; the last of them is the number of dimensions.

    Raises:
        InputError: unreadable, another magic number, or more or fewer bytes than stated.
    """
    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}") from error
    dimensions = magic & 0xFF
    head = struct.Struct(f">{1 + dimensions}I")
    if len(data) < head.size:
        raise InputError(f"{path} is cut short: {len(data)} bytes")
    found, *shape = head.unpack_from(data)
    if found != magic:
        raise InputError(f"{path} starts with 0x{found:08x}, not 0x{magic:08x}: not the idx file")
    if len(data) - head.size != math.prod(shape):
        raise InputError(
            f"{path} states {' x '.join(map(str, shape))} = {math.prod(shape)} bytes but holds"
            f" {len(data) - head.size}"
        )
    return np.frombuffer(data, dtype=np.uint8, offset=head.size).reshape(shape)


def _class_names(file: Path, train_labels: Labels, labels: Labels) -> tuple[str, ...]:
    if file.is_file():
        text = file.read_text(encoding="utf-8-sig", errors="replace")
        names = tuple(one_form(name.strip()) for name in text.strip().splitlines())
    else:
        names = tuple(str(label) for label in range(int(train_labels.max(initial=-1)) + 1))
    unknown = sorted({int(label) for label in labels} - set(range(len(names))))
    if unknown:
        raise InputError(
            f"{file.parent}: labels {', '.join(map(str, unknown))} occur, but "
            + (f"{file.name} names {len(names)} classes" if file.is_file() else "not in training")
        )
    return names
