"""Packages of methods, installed as a user's would be."""

from pathlib import Path


def install(folder: Path, module: str, points: str, name: str = "by-place") -> Path:
    """Install a package of one module as pip would, into a folder of its own."""
    package = name.replace("-", "_")
    info = folder / f"{package}-0.1.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1\n")
    (info / "entry_points.txt").write_text(f"[tatl_search.methods]\n{points}\n")
    (folder / f"{package}.py").write_text(module)
    return folder
