"""Settings of spectral pruning."""

from typing import Annotated

from pydantic import Field

from tatl_search.config.base import Positive, Settings
from tatl_search.config.section import Section


class SpectralSettings(Settings):
    """How the information that units hold is measured.

    Attributes:
        ridge: lambda, relative to the mean second moment of a unit.
        theta: what telling a group's own activations counts against telling what the layers
            that read it make of them: 1 is the former alone, 0 the latter.
    """

    ridge: Positive = 1e-3
    theta: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5


class SpectralDaSettings(SpectralSettings):
    """The same between two domains.

    Attributes:
        target_share: mu, the target's share of the second moments; the rest is the source's.
        discrepancy: weight of the mean relative difference between source and target in the
            second moments of the units that are kept.
    """

    target_share: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    discrepancy: Annotated[float, Field(ge=0.0)] = 0.1


SPECTRAL = Section("spectral", SpectralSettings)
SPECTRAL_DA = Section("spectral_da", SpectralDaSettings)
