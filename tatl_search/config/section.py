"""Settings of a method, score or allocation of its own, in a section of the pruning settings."""

from dataclasses import dataclass
from typing import Generic, TypeVar

from tatl_search.config.base import Settings

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class Section(Generic[S]):
    """The section `prune.<name>`, and what may stand in it.

    Attributes:
        name: of the section.
        model: its settings, all with defaults.
    """

    name: str
    model: type[S]

    def of(self, settings: Settings) -> S:
        """Return what stands in the section of some pruning settings; the defaults if nothing does.

        Raises:
            ValueError: it does not fit the model.
        """
        given = (settings.model_extra or {}).get(self.name, {})
        return given if isinstance(given, self.model) else self.model.model_validate(given)
