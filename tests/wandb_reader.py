"""A naive reader of offline `.wandb` files, for which W&B has no public one.

The file is a 7-byte header, then LevelDB's log format: blocks of 32 KiB holding chunks of
(crc32, length, type) + data; a record is one whole chunk or a first, middle ones and a last.
"""

import json
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wandb.proto.wandb_internal_pb2 import Record  # type: ignore[attr-defined]

BLOCK, HEADER = 32768, struct.Struct("<IHB")
WHOLE, LAST = 1, 4


@dataclass
class OfflineRun:
    """What one run recorded; `ended` says that it was finished."""

    run: Any = None
    config: dict[str, Any] = field(default_factory=dict)
    history: list[dict[str, Any]] = field(default_factory=list)
    summary: dict[str, Any] = field(default_factory=dict)
    metrics: list[Any] = field(default_factory=list)
    artifacts: list[Any] = field(default_factory=list)
    ended: bool = False


def records(path: Path) -> Iterator[Any]:
    raw = path.read_bytes()
    assert raw[:4] == b":W&B"
    position, data = 7, b""
    while position < len(raw):
        if BLOCK - position % BLOCK < HEADER.size:
            position += BLOCK - position % BLOCK
            continue
        _, length, kind = HEADER.unpack_from(raw, position)
        position += HEADER.size
        data += raw[position : position + length]
        position += length
        if kind in (WHOLE, LAST):
            yield Record.FromString(data)
            data = b""


def _items(items: Iterable[Any]) -> dict[str, Any]:
    return {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in items}


def read_run(path: Path) -> OfflineRun:
    found = OfflineRun()
    for record in records(path):
        match record.WhichOneof("record_type"):
            case "run":
                found.run = record.run
                found.config |= _items(record.run.config.update)
            case "config":
                found.config |= _items(record.config.update)
            case "history":
                found.history.append(_items(record.history.item))
            case "summary":
                found.summary |= _items(record.summary.update)
            case "metric":
                found.metrics.append(record.metric)
            case "artifact":
                found.artifacts.append(record.artifact)
            case "exit":
                found.ended = True
    return found
