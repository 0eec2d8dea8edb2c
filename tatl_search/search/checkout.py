"""Code as it lies in a git checkout."""

import subprocess
from pathlib import Path


def tracked_files(package: Path) -> list[Path]:
    """Return the files of a folder that git tracks; none where it is in no checkout."""
    command = ["git", "-C", str(package), "ls-files", "-z"]
    try:
        found = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - fixed words and a folder of code
    except (OSError, subprocess.CalledProcessError):
        return []
    paths = (package / name for name in found.stdout.split("\0") if name)
    return [path for path in paths if path.is_file()]
