"""From what somebody names (a file, a folder of images, one of ours) to a search space."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tatl_search.errors import InputError
from tatl_search.newcomer.facts import Facts
from tatl_search.newcomer.looking import look_at
from tatl_search.newcomer.recipe import Given, compose
from tatl_search.paths import user_path
from tatl_search.registry import did_you_mean
from tatl_search.remote.uri import is_uri
from tatl_search.space import SearchSpace, Written
from tatl_search.space.given import fitting
from tatl_search.space.layers import DEFAULT
from tatl_search.space.packaged import packaged, packaged_names

OF_IMAGES = {".csv": "table", ".parquet": "table", ".arrow": "packed"}
"""Source of the images that a file with such an ending names or holds."""

PLACE = "the default for these images"
"""Where a fault stands that is in what follows from the images."""


@dataclass(frozen=True)
class Opened:
    """A search space, and what was seen of the images where it follows from them.

    Attributes:
        space: it.
        facts: what the images are like; null where nothing had to be known of them.
    """

    space: SearchSpace
    facts: Facts | None = None


def open_space(named: str, overrides: Sequence[str] = ()) -> Opened:
    """Return the search space that somebody names, whole.

    Args:
        named: as `written` takes it.
        overrides: `section.key=value`, put on top.

    Raises:
        InputError: nothing is called so, or it has faults; all are named, each with its place. Or
            the images that it follows from make no target task.
        StorageError: these images cannot be read.
    """
    return completed(written(named, overrides))


def written(named: str, overrides: Sequence[str] = ()) -> Written:
    """Return what somebody names, as it is written.

    Args:
        named: a YAML file; a folder, table or packed file of images; or the name of a search space
            that comes with the product.
        overrides: `section.key=value`, put on top.

    Raises:
        InputError: nothing is called so, or it cannot be read.
    """
    if not _is_text(named):
        raise InputError(f"{named!a}: settings cannot hold a name that is not UTF-8; rename it")
    if not is_uri(named) and (images := _source_at(named)) is None:
        found = Written.of_file(settings_file(named), overrides)
        if not found.plain() and not found.on_default:
            raise InputError(
                f"{named} says nothing; a settings file names at least its images, such as"
                " data: {source: folder, path: images}. tatl-search init writes one for yours."
            )
        return found
    source = "packed" if is_uri(named) else images
    return Written.of_raw({"data": {"source": source, "path": named}}, overrides, named)


def settings_file(named: str) -> Path:
    """Return the YAML file that somebody names, by its path or as one of our own.

    Raises:
        InputError: nothing is called so.
    """
    path = packaged(named) or user_path(named, "SPACE")
    if not path.exists():
        names = [name for name in packaged_names() if "/" not in name]
        guess = did_you_mean(named, packaged_names())
        raise InputError(
            f"there is no file or folder {named}{guess}; spaces that come with tatl-search:"
            f" {', '.join(names)}"
        )
    return path


def completed(found: Written) -> Opened:
    """Return the search space of what is written; what is missing follows from its images.

    That is so where nothing is said of how networks are adapted, or `base: default`.

    Raises:
        InputError: it has faults; all are named, each with its place. Or its images make no target
            task.
        StorageError: they cannot be read.
    """
    if _is_whole(found):
        return Opened(found.checked())
    facts = look_at(found.images().settings)
    raw = compose(facts, given_in(found.plain()))
    space = found.over(raw, PLACE)
    start = raw["sweep"]["start"]
    tried = [fitting(space.section, settings) for settings in start["settings"]]
    tried = [settings for n, settings in enumerate(tried) if settings and settings not in tried[:n]]
    if tried != start["settings"]:
        sweep = {**raw["sweep"], "start": {**start, "settings": tried}}
        space = found.over({**raw, "sweep": sweep}, PLACE)
    return Opened(space, facts)


def to_send(named: str, overrides: Sequence[str] = ()) -> dict[str, Any]:
    """Return the search space that somebody names, as another machine opens it.

    What follows from images is left to the machine that sees them.

    Returns:
        Plain values: all that the file, its bases and the overrides say.

    Raises:
        InputError: nothing is called so, or it has faults; all are named, each with its place.
    """
    found = written(named, overrides)
    if _is_whole(found):
        return found.checked().raw
    found.images()
    return {"base": DEFAULT, **found.plain()}


def name_of(named: str) -> str:
    """Return what a sweep is called that searches what somebody names."""
    if is_uri(named):
        return Path(named).stem
    path = user_path(named, "SPACE")
    return path.resolve().name if path.is_dir() else path.stem


def _is_text(named: str) -> bool:
    """Whether a name of the command line is text: bytes that are none come as surrogates."""
    try:
        named.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_whole(found: Written) -> bool:
    return found.says_how and not found.on_default


def _source_at(named: str) -> str | None:
    """Return the source of the images that a path names; null where it names settings."""
    if packaged(named) is not None:
        return None
    path = user_path(named, "SPACE")
    if path.is_dir():
        is_idx = any(path.glob("train-images-idx3-ubyte*"))
        return "idx" if is_idx else "folder"
    return OF_IMAGES.get(path.suffix.lower())


def given_in(raw: Mapping[str, Any]) -> Given:
    """Return what some settings settle of what would follow from the images.

    Args:
        raw: sections of settings; those of an adaptation are right key by key.
    """
    data, sweep, prune = (_section(raw, key) for key in ("data", "sweep", "prune"))
    name = _section(raw, "network").get("name")
    return Given(
        image_sizes=_sizes(data.get("image_size")),
        storage_size=next(iter(reversed(_sizes(data.get("storage_size")))), None),
        network=name if isinstance(name, str) else None,
        rate=prune.get("rate") is not None and prune.get("rounds") is None,
        length=sweep.get("trials") is not None or _ends(_section(sweep, "budget")),
    )


def _section(raw: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a section; an empty one where it is missing, or is none, which is told later."""
    found = raw.get(key)
    return found if isinstance(found, Mapping) else {}


def _ends(budget: Mapping[str, Any]) -> bool:
    """Whether a budget ends a search: a share for confirmation alone does not."""
    return any(value is not None for key, value in budget.items() if key != "confirm")


def _sizes(written: Any) -> tuple[int, ...]:
    """Return the inputs in pixels of a value or distribution, the largest first."""
    if not isinstance(written, Mapping):
        return () if written is None else (written,)
    options = written["choices"] if "choices" in written else (written["low"], written["high"])
    return tuple(sorted(map(int, options), reverse=True))
