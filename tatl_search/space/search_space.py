"""Search spaces: an adaptation's settings in which any leaf may be a distribution."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from tatl_search.config import AdaptationConfig, Decides, SweepSettings, decided_by
from tatl_search.errors import InputError
from tatl_search.space.distributions import Distribution, Section, Suggest, distributions, draw
from tatl_search.space.fields import dotted, in_words
from tatl_search.space.given import paths
from tatl_search.space.tree import Node


class RefusedSettingsError(InputError):
    """What was drawn from a search space does not go together.

    Attributes:
        settings: sections with what was drawn.
    """

    def __init__(self, why: str, settings: Section) -> None:
        super().__init__(why)
        self.settings = settings


@dataclass(frozen=True)
class SearchSpace:
    """What a sweep searches over, or the settings of a single run.

    Attributes:
        sweep: how the sweep runs.
        raw: the file as plain values, distributions included, `base:` and `--set` resolved;
            `space_from_raw` rebuilds the space from it.
        section: the adaptation's settings, distributions as leaves.
        tree: the file with its places.
    """

    sweep: SweepSettings
    raw: dict[str, Any]
    section: Section
    tree: Node = field(repr=False, compare=False)

    @property
    def parameters(self) -> tuple[tuple[str, Distribution], ...]:
        """The distributions by name, those under choices included.

        A name is the dotted path; under a choice `finetune.optimizer=sgd.learning_rate`.
        """
        return tuple((found.name, found) for found in distributions(self.section))

    def deciding(self, what: Decides) -> dict[str, str]:
        """Return the parameters that have a say in something: name -> dotted path of the setting.

        The settings themselves say what they have a say in.
        """
        found = paths(self.section)
        return {
            name: path
            for name, path in found.items()
            if decided_by(AdaptationConfig, path.split(".")) & what
        }

    def sample(self, suggest: Suggest) -> AdaptationConfig:
        """Return settings whose parameters `suggest` decides.

        Raises:
            RefusedSettingsError: the drawn values do not go together.
        """
        drawn = draw(self.section, suggest)
        try:
            return AdaptationConfig.model_validate(drawn)
        except ValidationError as error:
            wrong = (f"{dotted(found['loc'])}: {in_words(found)}" for found in error.errors())
            raise RefusedSettingsError(
                f"the search space draws values that do not go together: {'; '.join(wrong)}", drawn
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

    def place_of(self, path: Sequence[str | int], config: AdaptationConfig) -> str:
        """Return where the file says what stands at a path of settings drawn from it.

        What a choice brings along stands under the choice. A setting that the file does not name
        has the place of the section it would stand in.
        """
        node = self.tree
        drawn: Any = config.model_dump(mode="json")
        for key in path:
            if not isinstance(node.value, Mapping) or not isinstance(drawn, Mapping):
                break
            brought = [
                branch.value[key]
                for name, child in node.value.items()
                if (branch := child.branch(drawn.get(name))) and key in branch.value
            ]
            if not brought and key not in node.value:
                break
            node, drawn = brought[0] if brought else node.value[key], drawn.get(key)
        return node.place
