"""Verbs on the target's images: pack, info, check."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from tatl_search.cli.options import AsJson, Overrides, SpaceName, console, messages, print_json
from tatl_search.errors import InputError, RunError

if TYPE_CHECKING:
    from tatl_search.config import DataSettings
    from tatl_search.data.checking import Findings
    from tatl_search.data.copies import Copies
    from tatl_search.data.packed import Pack

# Torch and Arrow take time to import: each verb imports what it needs when it is called.

HELP = """Pack, look at and check the images of your target task.

```
tatl-search data check my_task.yaml
tatl-search data pack my_task.yaml --to flowers.arrow
tatl-search data info flowers.arrow
```
"""

_TRAINING = ("data.augment.", "data.class_weights")
"""Settings that decide neither the images nor their cuts."""

_SIZES = ("data.image_size", "data.storage_size")
"""Settings that decide which pixels an image has, and not which images there are."""

app = typer.Typer(help=HELP, no_args_is_help=True, rich_markup_mode="markdown")

Images = Annotated[
    str,
    typer.Argument(
        metavar="IMAGES",
        help="A settings file, a folder of images, or a packed file's path or URI.",
    ),
]


@app.command()
def pack(
    settings: SpaceName,
    to: Annotated[str, typer.Option(help="The file to write, or its URI; ends in .arrow.")],
    overrides: Overrides = None,
) -> None:
    """Decode all images once and write them into one file, to be shared or copied.

    A sweep packs its images by itself: this is for images that many sweeps or machines use.

    ```
    tatl-search data pack my_task.yaml --to flowers.arrow
    tatl-search data pack my_task.yaml --to s3://bucket/flowers.arrow
    ```
    """
    from tatl_search.data.publishing import publish
    from tatl_search.data.sources import origin_of
    from tatl_search.newcomer.opening import open_space
    from tatl_search.search.variants import middle

    space = open_space(settings, overrides or []).space
    _refuse_searched(settings, [name for name, _ in space.parameters if name.startswith("data")])
    found = middle(space).data
    head, images = publish(origin_of(found), to)
    for left in head.left_out:
        messages.print(str(left))
    console.print(
        f"{to}: {images:,} images of {head.side} x {head.side}, {len(head.class_names)} classes,"
        f" {len(head.left_out)} left out\ndigest {head.digest}"
    )
    messages.print(f"use it: data.source=packed, data.path={to}, data.storage_size={head.side}")


@app.command()
def info(images: Images, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """Show classes, counts, size and origin of the images.

    Of a settings file the splits are shown as they are cut, of a packed file as they are stored.

    ```
    tatl-search data info flowers.arrow
    ```
    """
    from tatl_search.data.checking import count_images, stored_splits
    from tatl_search.data.splits import cut

    found, settings = _open(images, overrides)
    parts = stored_splits(found) if _is_pack(images) else cut(found, settings)
    known = _describe(found)
    counts = {
        name: {split.folder: count for split, count in row.items()}
        for name, row in count_images(found, parts).items()
    }
    if as_json:
        print_json({**known, "classes": counts})
        return
    console.print(_counts_table(counts))
    for key, value in known.items():
        if not isinstance(value, list):
            console.print(f"{key}: {value:,}" if isinstance(value, int) else f"{key}: {value}")
    for note in found.notes:
        console.print(note)


@app.command()
def check(images: Images, overrides: Overrides = None, as_json: AsJson = False) -> None:
    """List what is wrong: files left out, copies across splits or labels, short classes.

    Ends with exit code 1 if an image is in several splits or has several labels.

    ```
    tatl-search data check my_task.yaml
    ```
    """
    from tatl_search.data.checking import examine
    from tatl_search.data.fetching import verify

    found, settings = _open(images, overrides)
    if _is_pack(images):
        verify(found, images)
    findings = examine(found, settings)
    if as_json:
        print_json(findings.to_dict())
    else:
        _show(findings)
    if findings.leaking or findings.contradicting:
        raise RunError(
            f"images in several splits: {len(findings.leaking)}, with several labels:"
            f" {len(findings.contradicting)}; take the copies away"
        )
    messages.print("no image is in several splits or has several labels")


def _is_pack(images: str) -> bool:
    from tatl_search.data.packed import SUFFIX
    from tatl_search.remote.uri import is_uri

    return is_uri(images) or images.endswith(SUFFIX)  # settings are a file that is here


def _open(images: str, overrides: list[str] | None) -> "tuple[Pack, DataSettings]":
    """Return the images and how they are cut; those of a packed file by the defaults."""
    from tatl_search.config import DataSettings
    from tatl_search.data.fetching import open_named
    from tatl_search.data.sources import load_pack
    from tatl_search.newcomer.opening import written

    if not _is_pack(images):
        named = written(images, overrides or []).images()
        _refuse_searched(images, [name for name in named.searched if name not in _SIZES])
        return load_pack(named.settings), named.settings
    if overrides:
        raise InputError("--set changes a settings file; a packed file is what it is")
    return open_named(images), DataSettings()


def _refuse_searched(images: str, searched: Sequence[str]) -> None:
    """Raise InputError if something is searched over that decides the images."""
    decides = [name for name in searched if not name.startswith(_TRAINING)]
    if decides:
        raise InputError(
            f"{images}: {', '.join(decides)} is searched over; name one value, as in"
            f" --set {decides[0]}=VALUE"
        )


def _describe(pack: "Pack") -> dict[str, Any]:
    head = pack.head
    return {
        "origin": head.origin,
        "images": len(pack),
        "side": head.side,
        "bytes": pack.columns.images.nbytes,
        "digest": head.digest,
        "left_out": [left.model_dump() for left in head.left_out],
        "remarks": list(head.remarks),
    }


def _counts_table(counts: dict[str, dict[str, int]]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    splits = list(next(iter(counts.values())))
    table.add_column("class")
    for split in splits:
        table.add_column(split, justify="right")
    for name, row in counts.items():
        # Names come from users: as Text they are never read as markup.
        table.add_row(Text(name), *(f"{row[split]:,}" for split in splits))
    totals = (sum(row[split] for row in counts.values()) for split in splits)
    table.add_row("all", *(f"{total:,}" for total in totals), style="bold")
    return table


def _show(findings: "Findings") -> None:
    for left in findings.left_out:
        console.print(str(left))
    for title, found in (
        ("in several splits", findings.leaking),
        ("with several labels", findings.contradicting),
        ("repeated within a split", findings.repeated),
    ):
        if found:
            console.print(f"{title}: {len(found)}")
        for copies in found:
            console.print(f"  {_listed(copies)}")
    for remark in findings.remarks:
        console.print(remark)


def _listed(copies: "Copies") -> str:
    return ", ".join(f"{place} ({place.label})" for place in copies.places)
