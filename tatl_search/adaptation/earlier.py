"""Stages of earlier sweeps in the same storage, taken over instead of computed again.

What is taken over lies in the new sweep's own folder, which stays whole when the older one is
deleted: as hard links where the file system has them, as copies elsewhere.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from tatl_search.manifest import FILE_NAME, SweepFolder


def earlier_stages(storage: Path, key: str) -> Iterator[Path]:
    """Yield the folders under which the sweeps of a storage may hold a stage."""
    for manifest in sorted(storage.glob(f"*/{FILE_NAME}")):
        folder = SweepFolder(manifest.parent).stages / key
        if folder.is_dir():
            yield folder


def link_files(source: Path, destination: Path) -> bool:
    """Link or copy a folder's files into an empty one.

    Returns:
        Whether all were there to the end: somebody may be removing them.
    """
    try:
        for path in sorted(source.iterdir()):
            _link(path, destination / path.name)
    except FileNotFoundError:
        return False
    return True


def _link(source: Path, destination: Path) -> None:
    try:
        os.link(source, destination)
    except FileNotFoundError:
        raise
    except OSError:  # another file system, or one without links
        shutil.copyfile(source, destination)
