"""Settings of what a sweep looks for, what it may spend, and what it begins with."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, create_model, model_validator

from tatl_search.config.base import Count, Positive, Settings
from tatl_search.figures import GOALS, Figure, Unit

_UNITS = {
    Unit.SHARE: ", a share",
    Unit.BYTES: ", bytes of the stored weights",
    Unit.MILLISECONDS: " of one image, milliseconds",
}


def _bound(figure: Figure) -> Any:
    """Return type and default of the field that bounds a figure."""
    kind = Annotated[float, Field(gt=0.0, le=1.0)] if figure.unit is Unit.SHARE else Positive
    which = "least" if figure.higher_is_better else "greatest"
    told = f"{which} {figure.title}{_UNITS.get(figure.unit, '')}."
    return kind | None, Field(default=None, description=told)


_OfFigures: Any = create_model(  # a field for each figure that may be bounded
    "_OfFigures", __base__=Settings, **{key: _bound(figure) for key, figure in GOALS.items()}
)


class BoundSettings(_OfFigures):
    """What a network must keep to, to be of use; the sampler hears of it as constraints.

    Bounds steer the search and mark networks. They keep none off the front.
    """

    @property
    def given(self) -> Mapping[str, float]:
        """The bounds there are, by name."""
        return {name: bound for name, bound in self if bound is not None}


class StaleSettings(Settings):
    """A search that finds nothing more.

    Attributes:
        trials: so many trials in a row ...
        growth: ... did not let the log area under the front grow by this share (0.01 = 1 %).
    """

    trials: Count
    growth: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01


class BudgetSettings(Settings):
    """What a sweep may spend, besides `trials`; the first that is used up ends it.

    A trial or a baseline begins only if what it is expected to need still fits, beside what the
    trials that run are expected to need; the first trial always begins. When minutes, images or
    GPU-hours are used up, each trial that runs ends with the round or the piece of finishing it is
    at, so that a sweep spends at most one of these per worker beyond its budget.

    Attributes:
        minutes: wall-clock of the sweep's drivers together, their start and checks included.
        images_trained: images through backward, shared roots and baselines included.
        gpu_hours: hours of work times the share of a GPU that each trial holds.
        stale: ends a search that finds nothing more; trials that run are finished.
        confirm: share of `images_trained` that is kept: when the search has ended, the networks of
            its front are trained again from fresh seeds, the least certain first, and their means
            decide which one is picked; null for none.
    """

    minutes: Positive | None = None
    images_trained: Count | None = None
    gpu_hours: Positive | None = None
    stale: StaleSettings | None = None
    confirm: Annotated[float, Field(gt=0.0, lt=1.0)] | None = None

    @model_validator(mode="after")
    def _confirm_is_a_share_of_something(self) -> "BudgetSettings":
        if self.confirm is not None and self.images_trained is None:
            raise ValueError("confirm: is a share of images_trained; give that too")
        return self

    @property
    def to_confirm(self) -> int:
        """The images kept for trainings from fresh seeds; 0 for none."""
        return int((self.images_trained or 0) * (self.confirm or 0.0))

    @property
    def to_search(self) -> int | None:
        """The images that trials and baselines may train; null for no bound."""
        return None if self.images_trained is None else self.images_trained - self.to_confirm


class StartSettings(Settings):
    """What a sweep begins with, before its sampler proposes anything.

    Attributes:
        settings: settings of first trials, sections as in the file; what they leave open is
            drawn.
        sweeps: folders of earlier sweeps. Trials of the same task teach the sampler; of another
            one, the settings of the best networks are tried first.
        paper: whether a first trial runs with the defaults of all settings, our reading of the
            paper.
    """

    settings: tuple[Mapping[str, Any], ...] = ()
    sweeps: tuple[str, ...] = ()
    paper: bool = False

    @model_validator(mode="after")
    def _sections_are_named(self) -> "StartSettings":
        if not all(self.settings):
            raise ValueError("settings: name at least one setting of each first trial")
        return self
