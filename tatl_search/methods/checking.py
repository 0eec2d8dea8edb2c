"""Whether settings have what the method they name needs, told before anything runs."""

import json
from collections.abc import Iterator

from pydantic import ValidationError

from tatl_search.config import AdaptationConfig
from tatl_search.config.pruning import section_of_options
from tatl_search.errors import InputError
from tatl_search.methods.method import Method
from tatl_search.methods.registry import find_method

Fault = tuple[tuple[str | int, ...], str]
"""Where in the settings, and what is wrong there."""

NAMED = ("prune", "method")
OPTIONS = ("prune", "options")


def method_faults(config: AdaptationConfig) -> Iterator[Fault]:
    """Yield what keeps the method of these settings from running."""
    try:
        method = find_method(config.prune)
    except InputError as error:
        setting, _, text = str(error).partition(": ")
        yield tuple(setting.split(".")), text
        return
    yield from _option_faults(method, config)
    if method.check is None and method.uses_source and config.source is None:
        yield (
            NAMED,
            f"'{config.prune.method}' looks at images of a source task, but there is no section"
            " 'source'; give one, such as {source: folder, path: ~/images}",
        )
    if config.starts_pretrained and method.learns_labels:
        yield (
            ("start",),
            f"'{config.prune.method}' goes by what the network's head says, and that of a"
            " pre-trained network is not trained; set start: finetuned, or choose another method",
        )
    if method.check:
        try:
            method.check(config)
        except InputError as error:
            yield NAMED, _beside_its_place(error)


def uses_source(config: AdaptationConfig) -> bool:
    """Whether training or the method of these settings looks at images of the source.

    Raises:
        InputError: a plug-in that cannot be loaded.
    """
    return config.trains_on_source or find_method(config.prune).uses_source


def _option_faults(method: Method, config: AdaptationConfig) -> Iterator[Fault]:
    given = dict(config.prune.options)
    if not given:
        return
    section = section_of_options(method.name)
    if section is None:
        yield OPTIONS, f"'{method.name}' takes no options (got {', '.join(given)})"
        return
    try:
        section.model.model_validate_json(json.dumps(given), strict=True)
        yield OPTIONS, f"stands beside prune.{section.name}, which means the same; keep that"
    except ValidationError as error:
        for found in error.errors():
            words = found["msg"].removeprefix("Value error, ").replace("Input should", "should")
            if found["type"] == "extra_forbidden":
                words = f"unknown (allowed: {', '.join(sorted(section.model.model_fields))})"
            elif found["type"] != "missing":
                words = f"{words} (got {found['input']!r})"
            yield (*OPTIONS, *found["loc"]), words


def _beside_its_place(error: InputError) -> str:
    """Return the words of an error whose place is told beside it."""
    return str(error).removeprefix(f"{'.'.join(NAMED)}: ")
