"""Settings of how filters are chosen."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import ErrorDetails, InitErrorDetails

from tatl_search.config.base import Count, Settings, Share
from tatl_search.config.decides import Decides
from tatl_search.config.methods import (
    ALLOCATIONS,
    METHODS,
    SCORES,
    SECTIONS,
    plugin_sections,
    section_named,
)
from tatl_search.config.naming import Named, is_stored
from tatl_search.config.section import Section
from tatl_search.errors import InputError


class PriorityWeights(Settings):
    """Weights in the order in which groups give up their units under the allocation `priority`.

    Attributes:
        redundancy: of the share of its units that the threshold would give up.
        macs: of the MACs that giving them up would save.
        parameters: of the parameters that giving them up would save.
    """

    redundancy: Annotated[float, Field(ge=0.0)] = 1.0
    macs: Annotated[float, Field(ge=0.0)] = 1.0
    parameters: Annotated[float, Field(ge=0.0)] = 0.0

    @model_validator(mode="after")
    def _not_all_zero(self) -> "PriorityWeights":
        if self.redundancy == self.macs == self.parameters == 0.0:
            raise ValueError("the priority weights are all 0; at least one must be above 0")
        return self


class Resource(StrEnum):
    """What a pruning rate is a share of."""

    MACS = "macs"
    PARAMETERS = "parameters"
    FILTERS = "filters"


class Normalize(StrEnum):
    """By what a group's scores are divided, so that those of different groups can be compared."""

    NONE = "none"
    SUM = "sum"
    MEAN = "mean"
    MAX = "max"


class PruneSettings(Settings):
    """How filters are chosen in each round.

    Attributes:
        method: the named way to choose filters; `tatl-search methods` lists them.
        score: what units are worth, instead of the method's own way.
        allocation: how scores become a plan, instead of the method's own way.
        normalize: by what each group's scores are divided before they are allocated; null for
            what suits the score.
        statistics_images: number of training images that statistics are read from; null for an
            eighth of them, at least 256 or all there are.
        threshold: tau of TATL, the share of a group's summed score that its kept units must
            hold; used by the allocation `priority`.
        priority: weights of the order in which groups give up their candidates; likewise.
        rate: rho, the share to remove in one round of what the current network has left.
        rounds: in how many rounds the target of `stop` is reached, instead of by `rate`: each
            removes the same share of what is left, so that the networks lie evenly on a
            logarithmic axis. Needs `stop.target_macs_share`, or `stop.target_parameters_share`
            where `rate_of` is `parameters`. Null goes by `rate`.
        rate_of: what the rate is a share of.
        min_filters: no group falls below this many units.
        min_keep: no group falls below this share of its original width.
        round_to: kept widths are rounded up to a multiple of this (8 suits GPUs).
        options: the settings of another package's method, as they were written before methods had
            sections of their own.

    What belongs to one method, score or allocation stands in a section of its own beside these:
    `Section.of` reads it.
    """

    model_config = ConfigDict(extra="allow")

    method: Annotated[str, Named(METHODS), Decides.METHOD] = "tatl"
    score: Annotated[Annotated[str, Named(SCORES)] | None, Decides.METHOD] = None
    allocation: Annotated[Annotated[str, Named(ALLOCATIONS)] | None, Decides.METHOD] = None
    normalize: Normalize | None = None
    statistics_images: Count | None = None
    threshold: Annotated[float, Field(gt=0.0, le=1.0)] = 0.9
    priority: PriorityWeights = PriorityWeights()
    rate: Share = 0.25
    rounds: Count | None = None
    rate_of: Resource = Resource.MACS
    min_filters: Count = 4
    min_keep: Annotated[float, Field(ge=0.0, le=1.0)] = 0.05
    round_to: Count = 1
    options: Annotated[Mapping[str, Any], Decides.METHOD] = {}

    @classmethod
    def section_keys(cls) -> tuple[str, ...]:
        """Return the sections of methods, scores and allocations, those of plug-ins included."""
        return (*SECTIONS, *plugin_sections())

    @classmethod
    def section_model(cls, key: str) -> type[Settings] | None:
        """Return the settings of a method's, score's or allocation's section."""
        section = section_named(key)
        return None if section is None else section.model

    @property
    def foreign(self) -> dict[str, Any]:
        """The sections of other packages that are given, as plain values."""
        plain = self.model_dump(mode="json", exclude={*type(self).model_fields, *SECTIONS})
        return plain

    @model_validator(mode="before")
    @classmethod
    def _options_in_their_section(cls, given: Any) -> Any:
        """Put options where their method's settings stand today.

        Those that do not fit stay, for the check of methods, which tells their place.
        """
        if not isinstance(given, Mapping) or not given.get("options"):
            return given
        section = section_of_options(given.get("method"))
        if section is None or section.name in given:
            return given
        try:
            settings = section.model.model_validate(given["options"])
        except ValidationError:
            return given
        return {**given, section.name: settings, "options": {}}

    @model_validator(mode="after")
    def _sections_fit(self, info: ValidationInfo) -> "PruneSettings":
        """Check what stands in the sections; those that are built in are always there."""
        extra = self.__pydantic_extra__
        assert extra is not None
        given = {**{key: {} for key in SECTIONS}, **extra}
        extra.clear()
        faults: list[InitErrorDetails] = []
        for name, content in given.items():
            if name not in SECTIONS and is_stored(info):
                extra[name] = content
                continue
            section = _section_or_none(name)
            if section is None:
                faults.append(InitErrorDetails(type="extra_forbidden", loc=(name,), input=content))
                continue
            try:
                extra[name] = section.model.model_validate(content)
            except ValidationError as error:
                faults += [_inside(name, detail) for detail in error.errors()]
        if faults:
            raise ValidationError.from_exception_data(type(self).__name__, faults)
        return self


def section_of_options(method: Any) -> Section[Any] | None:
    """Return the section that a method's `prune.options` stand for; null where it takes none."""
    if method not in METHODS.plugins:
        return None
    try:
        return next(iter(METHODS[method].sections), None)
    except InputError:
        return None


def _section_or_none(name: str) -> Section[Any] | None:
    try:
        return section_named(name)
    except InputError as error:
        raise ValueError(str(error)) from error


def _inside(section: str, detail: ErrorDetails) -> InitErrorDetails:
    """Return a fault of a section as one of the settings it stands in."""
    return InitErrorDetails(
        type=detail["type"],
        loc=(section, *detail["loc"]),
        input=detail["input"],
        ctx=detail.get("ctx", {}),
    )
