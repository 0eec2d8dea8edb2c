"""Preprocessing: what it takes, and what it refuses."""

import json
from typing import Any

import pytest

from tatl_search.errors import InputError
from tatl_search.nets.preprocessing import Preprocessing


def test_survives_json() -> None:
    preprocessing = Preprocessing(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
    text = json.dumps(preprocessing.to_dict())
    assert text == '{"mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}'
    assert Preprocessing.from_dict(json.loads(text)) == preprocessing


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"mean": [0.5, 0.5, 0.5]}, "needs `mean` and `std`"),
        ({"mean": [0.5, 0.5], "std": [1, 1, 1]}, "three numbers"),
        ({"mean": [0.5, 0.5, "red"], "std": [1, 1, 1]}, "three numbers"),
        ({"mean": [0.5, 0.5, float("nan")], "std": [1, 1, 1]}, "mean"),
        ({"mean": [0.5, 0.5, 0.5], "std": [1, 0, 1]}, "above 0"),
    ],
)
def test_refuses_what_cannot_normalise(values: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Preprocessing.from_dict(values)
