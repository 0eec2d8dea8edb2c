"""Small sets in exactly the layouts the sources read, each image told by its colour."""

import gzip
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection
from tatl_search.data.folder import open_folder
from tatl_search.data.packed import Columns, Head, Pack
from tatl_search.data.target import Split


def write_tree(root: Path, counts: Mapping[str, int]) -> Path:
    """Write `{"train/cat": 3}` as three PNGs; the k-th folder's i-th image is (k, i, 7)."""
    for number, (folder, count) in enumerate(counts.items()):
        (root / folder).mkdir(parents=True)
        for index in range(count):
            image = Image.new("RGB", (20, 24), (number, index, 7))
            image.save(root / folder / f"{index:03}.png")
    return root


def read_folder(root: Path) -> Collection:
    """Return what the source `folder` lists."""
    return open_folder(DataSettings(source="folder", path=str(root))).read()


def write_idx_set(root: Path, train: Sequence[int], test: Sequence[int] | None = None) -> Path:
    """Write labels as gzipped idx files; the i-th image of a split is all of grey i."""
    root.mkdir(parents=True, exist_ok=True)
    for prefix, labels in (("train", train), ("t10k", test)):
        if labels is not None:
            grey = np.arange(len(labels), dtype=np.uint8).reshape(-1, 1, 1)
            images = np.broadcast_to(grey, (len(labels), 28, 28))
            write_idx(root / f"{prefix}-images-idx3-ubyte.gz", 0x803, images)
            write_idx(
                root / f"{prefix}-labels-idx1-ubyte.gz", 0x801, np.array(labels, dtype=np.uint8)
            )
    return root


def write_idx(path: Path, magic: int, array: npt.NDArray[np.uint8]) -> None:
    """Write one idx file as LeCun's page describes it: magic, sizes, bytes; all big-endian."""
    data = struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


def colours(split: Split) -> list[tuple[int, ...]]:
    """Return the one colour of each image of a split."""
    images = split.pixels(slice(None))
    assert (images == images[:, :1, :1]).all()
    return [tuple(colour) for colour in images[:, 0, 0].tolist()]


def packed(
    classes: int, labels: Sequence[int], brought: Sequence[int], contents: Sequence[int]
) -> Pack:
    """Make a pack of 1 x 1 images; equal numbers stand for equal contents."""
    columns = Columns(
        images=np.zeros((len(labels), 1, 1, 3), np.uint8),
        labels=np.array(labels, dtype=np.int64),
        brought=np.array(brought, dtype=np.int8),
        contents=np.array([f"{content:032}" for content in contents], "S32"),
        names=pa.array([f"{row}.jpg" for row in range(len(labels))]),
    )
    names = tuple(f"c{label}" for label in range(classes))
    return Pack(Head(class_names=names, side=1, origin="", made_from="", digest=""), columns)
