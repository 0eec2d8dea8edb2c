"""The one way to the target's images: source, packed file, cuts."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import PIL

from tatl_search.config import SOURCES, DataSettings
from tatl_search.data import packed, reading
from tatl_search.data.collection import Collection, Source, SplitName, white_of
from tatl_search.data.copies import find_copies, say_copies
from tatl_search.data.fetching import find_pack
from tatl_search.data.packed import Pack, open_pack
from tatl_search.data.packing import Origin, packed_once
from tatl_search.data.splits import Indices, cut, remarks
from tatl_search.data.target import Split, TargetData
from tatl_search.errors import InputError, StorageError
from tatl_search.paths import likely_path
from tatl_search.registry import called

PACKED = "packed"
"""The source that needs no packing."""


def load_target(settings: DataSettings, cache: Path | None = None) -> TargetData:
    """Return the target task's images, decoded, square, and cut into splits.

    With a cache the first call packs all images into one file that this and every later call,
    in whatever process, maps read-only without a copy. A later call opens no image; it packs
    anew when a file of the source has come, gone, or changed in size or time.

    Args:
        settings: where the images come from and how they are cut; `splits.cut` says how.
        cache: folder of packed files; without it, the file goes away with its last user.

    Raises:
        InputError: the source is missing, malformed, or too small for its classes.
        StorageError: the cache cannot be read or written.
    """
    return cut_target(load_pack(settings, cache), settings)


def stored_target(settings: DataSettings, cache: Path) -> TargetData:
    """Return what `load_target` does, without a look at the source where the cache has it packed.

    What a driver has packed serves its workers on nodes that do not see the images, and an export
    when they have changed or are gone.
    """
    path = cache / packed_name(settings)
    if settings.source == PACKED or not path.exists():
        return load_target(settings, cache)
    return cut_target(open_pack(path), settings)


def target_at_hand(settings: DataSettings, cache: Path) -> TargetData | None:
    """Return what is packed in a cache that belongs to others; null where that is not at hand.

    Nothing is packed there, and no source is looked at.
    """
    if settings.source != PACKED and not (cache / packed_name(settings)).exists():
        return None
    try:
        return stored_target(settings, cache)
    except (InputError, StorageError):
        return None


def load_pack(settings: DataSettings, cache: Path | None = None) -> Pack:
    """Return all images of the source in packed form; see `load_target`."""
    if settings.source == PACKED:
        return find_pack(settings)
    source = origin_of(settings)
    if cache is not None:
        return packed_once(cache / packed_name(settings), source)
    with TemporaryDirectory() as folder:
        # What is mapped stays readable when its name is gone.
        return packed_once(Path(folder) / packed_name(settings), source)


def origin_of(settings: DataSettings) -> Origin:
    """Return what the settings' packed file is made from.

    Raises:
        InputError: the source is missing or malformed, or packed already.
    """
    if settings.source == PACKED:
        raise InputError(f"data.source: {settings.path} is packed already")
    source = _open(settings)
    inputs = [source.signature, PIL.__version__, packed.VERSION, reading.RULES]
    return Origin(
        read=source.read,
        side=settings.stored_side,
        named=" ".join(filter(None, (settings.source, settings.path))),
        made_from=_hash(inputs),
        sixteen_bit_max=white_of(settings),
    )


def listed(settings: DataSettings) -> Collection:
    """Return all images of the source, listed and not opened.

    Raises:
        InputError: the source is missing or malformed.
    """
    return _open(settings).read()


def _open(settings: DataSettings) -> Source:
    found = SOURCES[settings.source.partition("/")[0]]
    source: Source = called(found.open)(settings)
    return source


def cut_target(pack: Pack, settings: DataSettings) -> TargetData:
    """Return a packed target task cut into splits.

    Raises:
        InputError: it is too small for its classes.
    """
    parts = cut(pack, settings)
    # What concerns all comes first: of a long list of files the end may not be read.
    notes = (*say_copies(find_copies(pack, parts)), *remarks(pack, parts, settings), *pack.notes)
    train, val, test = (_split(pack, parts[name]) for name in SplitName)
    return TargetData(
        class_names=pack.class_names,
        image_size=settings.image_size,
        fingerprint=_fingerprint(pack, parts, settings),
        train=train,
        val=val,
        notes=notes,
        sixteen_bit_max=pack.head.sixteen_bit_max,
        _test=test,
    )


def _split(pack: Pack, rows: Indices) -> Split:
    labels = pack.labels[rows]
    rows.flags.writeable = labels.flags.writeable = False
    return Split(pack.columns.images, rows, labels)


def _fingerprint(pack: Pack, parts: Mapping[SplitName, Indices], settings: DataSettings) -> str:
    rows = [hashlib.sha256(parts[name].data).hexdigest() for name in SplitName]
    return _hash([pack.head.digest, rows, settings.image_size])


def packed_name(settings: DataSettings) -> str:
    """Return the name of the settings' packed file: the same for all that give the same images."""
    place = str(likely_path(settings.path).resolve()) if settings.path else ""
    decides = [settings.source, place, settings.stored_side, settings.crop_to_box, packed.VERSION]
    if white_of(settings) != reading.SIXTEEN_BITS:
        decides.append(white_of(settings))
    return _hash(decides)[:32] + packed.SUFFIX


def _hash(values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
