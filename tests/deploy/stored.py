"""A folder exported when form 1 was current, and ways to change copies of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

STORED = Path(__file__).parents[1] / "fixtures" / "exported-1"

Damage = Callable[[Path], object]


def edit(name: str, *keys: str, value: Any) -> Damage:
    """Return a way to set one value of a JSON file of a folder."""

    def change(folder: Path) -> None:
        content = json.loads((folder / name).read_text())
        place = content
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = value
        (folder / name).write_text(json.dumps(content))

    return change


def write(name: str, content: bytes) -> Damage:
    """Return a way to replace a file of a folder."""
    return lambda folder: (folder / name).write_bytes(content)


def grow(name: str, size: int) -> Damage:
    """Return a way to make a file of a folder longer by a hole."""

    def change(folder: Path) -> None:
        with (folder / name).open("r+b") as file:
            file.truncate(size)

    return change
