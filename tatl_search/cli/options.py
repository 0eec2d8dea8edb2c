"""Arguments and options that several verbs share."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

SpaceFile = Annotated[
    Path, typer.Argument(metavar="SPACE", help="A YAML file; search_spaces/ has examples.")
]
SweepPath = Annotated[
    Path, typer.Argument(metavar="SWEEP", help="A sweep's folder, such as sweeps/quickstart.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Override a setting, as in finetune.epochs=2; may be repeated.",
    ),
]
Storage = Annotated[Path, typer.Option(help="Folder in which sweeps are kept.")]
Name = Annotated[
    str | None, typer.Option(help="Name of the sweep; the file's name and the time otherwise.")
]
Address = Annotated[
    str | None,
    typer.Option(help="A running Ray cluster, such as auto; this machine otherwise."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]

console = Console(highlight=False, soft_wrap=True)
"""Where results go: standard output."""

messages = Console(stderr=True, highlight=False, soft_wrap=True)
"""Where progress and remarks go, so that results can be piped."""


def print_json(content: Any) -> None:
    """Print JSON, and nothing else, to standard output."""
    typer.echo(json.dumps(content, indent=1))
