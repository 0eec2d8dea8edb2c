"""Arguments and options that several verbs share."""

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from tatl_search.errors import InputError
from tatl_search.paths import user_path
from tatl_search.remote.uri import below, checked_uri, is_uri


def path_of(name: str) -> Callable[[str], Path]:
    """Return what makes a path of what an option or argument of this name is given."""

    def path(text: str) -> Path:
        return user_path(str(text), name)  # a default is a path already

    return path


SpaceName = Annotated[
    str,
    typer.Argument(
        metavar="SPACE",
        help="A YAML file, a folder of images, or one that comes along, such as quickstart.",
    ),
]


def _sweep_here(text: str) -> Path:
    """Return a sweep's folder; what lies elsewhere is brought home first."""
    if is_uri(text):
        raise InputError(
            f"{text} lies elsewhere; bring it home and name the folder: tatl-search fetch"
            f" '{text}' FOLDER"
        )
    return user_path(text, "SWEEP")


SweepPath = Annotated[
    Path,
    typer.Argument(
        metavar="SWEEP", help="A sweep's folder, such as sweeps/quickstart.", parser=_sweep_here
    ),
]
SweepPathOrUri = Annotated[
    str, typer.Argument(metavar="SWEEP", help="A sweep's folder, or its URI.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a setting, as in finetune.epochs=2; may be repeated.",
    ),
]
Label = Annotated[
    str | None,
    typer.Option(help="Which network, by its name in the front, such as 'input 32 px'."),
]
Formats = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        metavar="NAME",
        help="With --export: another package's format besides ONNX and .pt2; may be repeated.",
    ),
]
Storage = Annotated[
    Path, typer.Option(help="Folder in which sweeps are kept.", parser=path_of("--storage"))
]
StorageOrUri = Annotated[
    str, typer.Option(help="Folder in which sweeps are kept, or a URI such as s3://bucket/sweeps.")
]
Name = Annotated[
    str | None,
    typer.Option(help="Name of its folder there; the file's name and the time otherwise."),
]
Address = Annotated[
    str | None,
    typer.Option(help="A running Ray cluster, such as auto; this machine otherwise."),
]
AsJson = Annotated[
    bool, typer.Option("--json", metavar="", help="Print JSON for a program to read.")
]

# Without markup: what people name, such as a folder "[1]", is printed as it is.
console = Console(highlight=False, soft_wrap=True, markup=False)
"""Where results go: standard output."""

messages = Console(stderr=True, highlight=False, soft_wrap=True, markup=False)
"""Where progress and remarks go, so that results can be piped."""


SWEEPS = Path("sweeps")
"""Where sweeps are kept unless somebody says otherwise, and those with a URI in any case."""


def new_sweep_in(storage: str, name: str | None, space: str) -> tuple[Path, str | None]:
    """Return where a new sweep goes: its folder, and its URI if the storage is one.

    Raises:
        InputError: the name is not a folder's, or the URI cannot be used.
    """
    if not is_uri(storage):
        return new_folder_in(user_path(storage, "--storage"), name, space), None
    folder = new_folder_in(SWEEPS, name, space)
    return folder, below(checked_uri(storage), folder.name)


def new_folder_in(storage: Path, name: str | None, space: str) -> Path:
    """Return where a new sweep goes.

    Raises:
        InputError: the name is not a folder's.
    """
    from tatl_search.newcomer.opening import name_of

    if name is None:
        name = f"{name_of(space)}-{time.strftime('%Y%m%d-%H%M%S')}"
    if name in ("", "..") or Path(name).name != name:
        raise InputError(f"--name '{name}' is no name of a folder; --storage says where it goes")
    return storage / name


def print_json(content: Any) -> None:
    """Print JSON, and nothing else, to standard output."""
    typer.echo(json.dumps(content, indent=1))
