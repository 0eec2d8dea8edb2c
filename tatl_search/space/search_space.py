"""Search spaces: an adaptation's settings in which any leaf may be a distribution."""

from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from tatl_search.config import AdaptationConfig, SweepSettings
from tatl_search.errors import InputError
from tatl_search.space.distributions import Distribution, Section, Suggest, distributions, draw
from tatl_search.space.fields import dotted, in_words


@dataclass(frozen=True)
class SearchSpace:
    """What a sweep searches over, or the settings of a single run.

    Attributes:
        sweep: how the sweep runs.
        raw: the file as plain values, distributions included, `base:` and `--set` resolved;
            `space_from_raw` rebuilds the space from it.
        section: the adaptation's settings, distributions as leaves.
    """

    sweep: SweepSettings
    raw: dict[str, Any]
    section: Section

    @property
    def parameters(self) -> tuple[tuple[str, Distribution], ...]:
        """The distributions by name, those under choices included.

        A name is the dotted path; under a choice `finetune.optimizer=sgd.learning_rate`.
        """
        return tuple((found.name, found) for found in distributions(self.section))

    @property
    def is_fixed(self) -> bool:
        """Whether there is nothing to search over: one run's settings."""
        return not self.parameters

    def sample(self, suggest: Suggest) -> AdaptationConfig:
        """Return settings whose parameters `suggest` decides.

        Raises:
            InputError: the drawn values do not go together.
        """
        drawn = draw(self.section, suggest)
        try:
            return AdaptationConfig.model_validate(drawn)
        except ValidationError as error:
            wrong = (f"{dotted(found['loc'])}: {in_words(found)}" for found in error.errors())
            raise InputError(
                f"the search space draws values that do not go together: {'; '.join(wrong)}"
            ) from error

    def single(self) -> AdaptationConfig:
        """Return the settings of a single run.

        Raises:
            InputError: there is a distribution.
        """
        for name, found in self.parameters:
            raise InputError(
                f"{found.place}: {name}: a single run needs one value here, not a distribution."
                f" Give one with --set {name}=VALUE, or run a sweep."
            )
        return AdaptationConfig.model_validate(self.section)
