"""How wide the layers of stored networks are, read from their `structure.json` alone.

An evicted stage keeps that file. Where it is missing or damaged the network is shown without
its layers: a picture must not fail for it.
"""

import json
import logging
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tatl_search.results.store import SweepResults

logger = logging.getLogger(__name__)


class Layout(NamedTuple):
    """The layers of one kind of network, in its own order: convolutions and linear layers.

    Attributes:
        network: library and model name.
        names: of the layers, as torch gives them.
        follows: for each, whether its width is that of its input: a depthwise convolution.
    """

    network: str
    names: tuple[str, ...]
    follows: tuple[bool, ...]


class Layers(NamedTuple):
    """The layers of many stages.

    Attributes:
        layouts: the kinds of networks there are.
        widths: stage -> the layout's place in `layouts`, and the output width of each layer.
    """

    layouts: tuple[Layout, ...]
    widths: Mapping[str, tuple[int, tuple[int, ...]]]


def layers_of(results: SweepResults, stages: Iterable[str]) -> Layers:
    """Read the layers of stages; those that are not stored whole are left out.

    A layer that was pruned to one channel no longer shows that it is depthwise, so what layers
    are is taken from the first stage of their kind: unpruned ones are to come first.
    """
    kinds: dict[tuple[str, tuple[str, ...]], int] = {}
    layouts: list[Layout] = []
    widths = {}
    for stage in dict.fromkeys(stages):
        found = _read(results.folder.stages / stage / "structure.json")
        if found is None:
            continue
        layout, own = found
        kind = kinds.setdefault(layout[:2], len(layouts))
        if kind == len(layouts):
            layouts.append(layout)
        widths[stage] = (kind, own)
    return Layers(tuple(layouts), widths)


def _read(path: Path) -> tuple[Layout, tuple[int, ...]] | None:
    try:
        structure = json.loads(path.read_bytes())
        found = [
            (str(name), _output(sizes), _is_depthwise(sizes))
            for name, sizes in structure["widths"].items()
            if "out_channels" in sizes or "out_features" in sizes
        ]
        network = str(structure["network"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        logger.warning("%s is damaged; its layers are not shown: %s", path, error)
        return None
    names = tuple(name for name, _, _ in found)
    follows = tuple(depthwise for _, _, depthwise in found)
    return Layout(network, names, follows), tuple(width for _, width, _ in found)


def _output(sizes: Mapping[str, Any]) -> int:
    return int(sizes["out_channels"] if "out_channels" in sizes else sizes["out_features"])


def _is_depthwise(sizes: Mapping[str, Any]) -> bool:
    blocks = sizes.get("groups", 1)
    return bool(blocks > 1 and blocks == sizes["in_channels"])
