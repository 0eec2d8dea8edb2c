"""One registry for everything that has a name: what is built in and what other packages offer."""

import os
import sys
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import suppress
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module, invalidate_caches
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from typing import Any, Generic, TypeVar

from tatl_search.errors import InputError

T = TypeVar("T")


def did_you_mean(name: object, allowed: Collection[str]) -> str:
    """Return a guess at what was meant by a name, to be put at a message's end; empty for none."""
    close = get_close_matches(str(name), allowed, n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


class Registry(Generic[T]):
    """Things of one kind by name.

    Other packages add to them by entry points. Names are known without importing anything; a
    thing is imported when it is asked for.

    Example:
        >>> shapes = Registry("shape", "plot.shape", "my.shapes", "builtins:str", {"dot": "math:e"})
        >>> shapes.fault_of("dott")
        "should be one of dot (got 'dott'); did you mean 'dot'?"
    """

    def __init__(
        self, kind: str, setting: str, group: str, expects: str, builtin: Mapping[str, T | str]
    ) -> None:
        """Name what is built in.

        Args:
            kind: what they are, for people: `method`.
            setting: the setting that names one: `prune.method`.
            group: entry point group in which other packages offer theirs.
            expects: `module:attribute` of the class whose instances they are; a protocol must be
                checkable at run time.
            builtin: name -> the thing, or the `module:attribute` where it is.
        """
        self.kind = kind
        self.setting = setting
        self.group = group
        self._expects = expects
        self._builtin = builtin

    @property
    def builtin(self) -> tuple[str, ...]:
        """The names of what is built in."""
        return tuple(self._builtin)

    @property
    def plugins(self) -> tuple[str, ...]:
        """The names that only other packages offer; they need not work."""
        offered = {point.name for point in _installed(self.group)}
        return tuple(sorted(offered - self._builtin.keys()))

    @property
    def names(self) -> tuple[str, ...]:
        """All names, those of other packages last."""
        return (*self._builtin, *self.plugins)

    def fault_of(self, name: str) -> str | None:
        """Return what is wrong with a name, for people; null where it is known."""
        points = _installed(self.group).select(name=name)
        if name in self._builtin and points:
            return (
                f"the built-in {self.kind} '{name}' is offered by {_packages(points)} as well;"
                " uninstall that package"
            )
        if name in self._builtin or points:
            return None
        guess = did_you_mean(name, self.names)
        return f"should be one of {', '.join(self.names)} (got '{name}'){guess}"

    def __getitem__(self, name: str) -> T:
        """Return what is known by a name.

        Raises:
            InputError: there is no such thing, several packages offer one, or another package's
                cannot be loaded or is something else.
        """
        if name in self._builtin:  # at once: settings have defaults that are looked up
            return self._loaded(self._builtin[name])
        point = self._point(name)
        if point is None:
            guess = did_you_mean(name, self.names)
            there = ", ".join(self.names)
            raise self._error(f"there is no {self.kind} '{name}'; there are {there}{guess}")
        return self._plugin(point)

    def place_of(self, name: str) -> str | None:
        """Return the `module:attribute` behind a name of another package; null where there is none.

        Raises:
            InputError: several packages offer one.
        """
        point = self._point(name)
        return None if point is None else str(point.value)

    def working_plugins(self) -> Iterator[T]:
        """Yield what other packages offer and can be used."""
        for name in self.plugins:
            with suppress(InputError):
                yield self[name]

    def _point(self, name: str) -> EntryPoint | None:
        points = _installed(self.group).select(name=name)
        if len(points) > 1:
            raise self._error(
                f"{len(points)} packages offer a {self.kind} '{name}' ({_packages(points)}); keep"
                " one of them"
            )
        return next(iter(points), None)

    def _loaded(self, thing: T | str) -> T:
        loaded: T = attribute(thing) if isinstance(thing, str) else thing
        return loaded

    def _plugin(self, point: EntryPoint) -> T:
        who = f"plug-in '{point.name}' ({point.value})"
        try:
            loaded = point.load()
        except Exception as error:  # a plug-in's own code
            why = f"{type(error).__name__}: {error}"
            raise self._error(f"{who} cannot be loaded: {why}") from error
        if not isinstance(loaded, attribute(self._expects)):
            raise self._error(f"{who} is no {self._expects.replace(':', '.')}")
        name = getattr(loaded, "name", point.name)
        if name != point.name:
            raise self._error(f"{who} calls itself '{name}'; the two names should be the same")
        plugin: T = loaded
        return plugin

    def _error(self, text: str) -> InputError:
        return InputError(f"{self.setting}: {text}")


def look_here() -> str:
    """Let modules of the working directory be found, after all that is installed; return it."""
    here = os.getcwd()
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    invalidate_caches()  # it may have been written since something was looked for there
    return here


def attribute(place: str) -> Any:
    """Import what is at a `module:attribute`."""
    module, _, name = place.partition(":")
    return getattr(import_module(module), name)


def called(made: Callable[..., Any] | str) -> Callable[..., Any]:
    """Return a function that is given as itself or by its `module:attribute`."""
    found: Callable[..., Any] = attribute(made) if isinstance(made, str) else made
    return found


def _packages(points: EntryPoints) -> str:
    return ", ".join(sorted({point.dist.name if point.dist else "?" for point in points}))


def _installed(group: str) -> EntryPoints:
    found: EntryPoints = _offered(tuple(sys.path)).select(group=group)
    return found


@lru_cache(maxsize=1)
def _offered(path: tuple[str, ...]) -> Any:
    """Return what packages on a path offer; they are looked for once, which takes a while."""
    return entry_points()
