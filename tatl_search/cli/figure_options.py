"""Options of `pick` that follow from the table of figures: a bound and a preference for each."""

import inspect
import math
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Annotated, Any

import typer

from tatl_search.errors import InputError
from tatl_search.figures import GOALS, Figure, Unit

MB = 1e6


def with_figure_options(verb: Callable[..., None]) -> Callable[..., None]:
    """Return a verb that takes a bound and a preference for each figure besides its own options.

    The verb receives them in its last two arguments: `bounds`, by the names that `PickRequest`
    knows, null where not given; and `preferred`, the names of the preferences that were asked for.
    """

    @wraps(verb)
    def run(**options: Any) -> None:
        bounds = {
            figure.bound_name: _counted(figure, options.pop(_bound_option(figure)))
            for figure in GOALS.values()
        }
        preferred = [
            figure.best_name
            for figure in GOALS.values()
            if options.pop(_named(figure.best_name, figure))
        ]
        verb(**options, bounds=bounds, preferred=preferred)

    own = inspect.signature(verb, eval_str=True).parameters
    first, *others = [own[name] for name in own if name not in ("bounds", "preferred")]
    parameters = [first, *_bounds(), *_preferences(), *others]
    run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    run.__annotations__ = {each.name: each.annotation for each in parameters}
    return run


def _named(name: str, figure: Figure) -> str:
    """Return the name of an option, sizes in 10^6 bytes."""
    return name.replace("_bytes", "_mb") if figure.unit is Unit.BYTES else name


def _bound_option(figure: Figure) -> str:
    return _named(figure.bound_name, figure)


_EXAMPLES: Mapping[Unit, str] = {
    Unit.SHARE: "0.9",
    Unit.COUNT: "5e6",
    Unit.BYTES: "2.5",
    Unit.MILLISECONDS: "8",
}


def _counted(figure: Figure, bound: float | None) -> float | None:
    """Return a bound in the unit of its figure.

    Raises:
        InputError: it is no number.
    """
    if bound is None:
        return None
    if not math.isfinite(bound):
        option, example = _dashed(_bound_option(figure)), _EXAMPLES[figure.unit]
        raise InputError(f"{option} should be a number, such as {example} (got {bound})")
    return bound * MB if figure.unit is Unit.BYTES else bound


def _dashed(name: str) -> str:
    return f"--{name.replace('_', '-')}"


_BOUNDS: Mapping[Unit, str] = {
    Unit.SHARE: "{title} it must reach: 0.9 is 90 %.",
    Unit.COUNT: "Most {title} it may have: 5e6.",
    Unit.BYTES: "Greatest {title} it may have, in 10^6 bytes: 2.5.",
    Unit.MILLISECONDS: "Milliseconds a pass may take, as `latency` measured it: 8.",
}


def _bounds() -> list[inspect.Parameter]:
    return [
        _option(
            _bound_option(figure),
            float | None,
            typer.Option(help=_sentence(_BOUNDS[figure.unit].format(title=figure.title))),
            None,
        )
        for figure in GOALS.values()
    ]


def _preferences() -> list[inspect.Parameter]:
    return [
        _option(
            name := _named(figure.best_name, figure),
            bool,
            typer.Option(
                _dashed(name),
                metavar="",
                help=f"{'Greatest' if figure.higher_is_better else 'Least'} {figure.name}.",
            ),
            False,
        )
        for figure in GOALS.values()
    ]


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]


def _option(name: str, kind: Any, option: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        name,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        default=default,
        annotation=Annotated[kind, option],
    )
