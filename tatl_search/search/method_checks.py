"""Whether every method that a space can choose has what it needs."""

import itertools
from collections.abc import Iterator

from tatl_search.config import AdaptationConfig, Decides
from tatl_search.methods.checking import method_faults, uses_source
from tatl_search.search.variants import COMBINATIONS, variants
from tatl_search.space import SearchSpace
from tatl_search.space.faults import Faults
from tatl_search.space.fields import dotted

LOOKED_AT = Decides.METHOD | Decides.IMAGES | Decides.NETWORK | Decides.TRAINING
"""What the choices that are all looked at, as far as `COMBINATIONS` go, have a say in."""


def check_methods(space: SearchSpace) -> None:
    """Check all methods of a space, at both ends of ranges; neither data nor network is opened.

    Raises:
        InputError: a method lacks what it needs, its options are wrong, or a source is given
            that nothing looks at; all faults are named, each with its place.
    """
    faults = Faults("what the methods need")
    configs = list(_configs(space))
    for config in configs:
        for path, text in method_faults(config):
            faults.add(space.place_of(path, config), dotted(path), text)
    faults.raise_if_any()
    if any(config.source for config in configs) and not any(map(uses_source, configs)):
        methods = ", ".join(sorted({config.prune.method for config in configs}))
        faults.stop(
            space.place_of(("source",), configs[0]),
            "source",
            f"no method looks at it (prune.method: {methods}); take the section out, or choose a"
            " method that does: tatl-search methods",
        )


def _configs(space: SearchSpace) -> Iterator[AdaptationConfig]:
    for position in (0.0, 1.0):
        every = variants(space, space.deciding(LOOKED_AT), position)
        yield from itertools.islice(every, COMBINATIONS)
