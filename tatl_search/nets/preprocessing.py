"""How images become a network's input: part of the weights, stored with them."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tatl_search.errors import InputError

CHANNELS = 3


@dataclass(frozen=True)
class Preprocessing:
    """Normalisation of RGB images after their values were scaled from 0..255 to 0..1.

    A network's input is `(image - mean) / std`, channel by channel.

    Attributes:
        mean: of red, green and blue.
        std: of red, green and blue, above 0.

    Raises:
        InputError: not three finite values each, or a std not above 0.
    """

    mean: tuple[float, float, float]
    std: tuple[float, float, float]

    def __post_init__(self) -> None:
        for name, values in (("mean", self.mean), ("std", self.std)):
            if len(values) != CHANNELS or not all(map(math.isfinite, values)):
                raise InputError(
                    f"preprocessing: {name} is {values}; it needs three finite numbers"
                )
        if min(self.std) <= 0.0:
            raise InputError(f"preprocessing: std is {self.std}; all three must be above 0")

    def to_dict(self) -> dict[str, list[float]]:
        """Return plain JSON values."""
        return {"mean": list(self.mean), "std": list(self.std)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> "Preprocessing":
        """Rebuild from `to_dict`.

        Raises:
            InputError: the values are not a mean and a std of three numbers each.
        """
        try:
            red, green, blue = (float(value) for value in values["mean"])
            red_std, green_std, blue_std = (float(value) for value in values["std"])
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(
                f"preprocessing is {dict(values)!r}; it needs `mean` and `std`, three numbers each"
            ) from error
        return cls(mean=(red, green, blue), std=(red_std, green_std, blue_std))
