"""What methods need, told before anything runs and with its place."""

from pathlib import Path
from typing import Any

import pytest

from tatl_search.errors import InputError
from tatl_search.search.method_checks import check_methods
from tatl_search.space import load_space, space_from_raw

SOURCE: dict[str, Any] = {"source": "digits", "image_size": 32}


def raw(method: Any, **sections: Any) -> dict[str, Any]:
    return {"data": {"image_size": 32}, "prune": {"method": method}, **sections}


@pytest.mark.parametrize("method", ["wealthadapt", "spectral_da"])
def test_a_source_is_needed(method: str) -> None:
    with pytest.raises(InputError, match=f"prune.method: '{method}' .* there is no section"):
        check_methods(space_from_raw(raw(method)))
    check_methods(space_from_raw(raw(method, source=SOURCE)))


def test_a_score_may_need_it_too() -> None:
    score = {"prune": {"score": "spectral_da"}}
    with pytest.raises(InputError, match="looks at images of a source task"):
        check_methods(space_from_raw(score))


def test_a_source_that_nothing_looks_at() -> None:
    with pytest.raises(InputError, match=r"source: no method looks at it \(prune.method: l1, tatl"):
        check_methods(space_from_raw(raw({"choices": ["tatl", "l1"]}, source=SOURCE)))
    check_methods(space_from_raw(raw({"choices": ["tatl", "wealthadapt"]}, source=SOURCE)))


def test_every_choice_is_looked_at(tmp_path: Path) -> None:
    """Both faults at once, each at the line of its choice."""
    file = tmp_path / "space.yaml"
    file.write_text(
        "data: {image_size: 32}\n"
        "prune:\n"
        "  method:\n"
        "    choices:\n"
        "      tatl:\n"
        "      slimming: {rate: 0.3}\n"
        "      wealthadapt:\n"
        "        options: {speed: 3}\n"
    )
    with pytest.raises(InputError) as raised:
        check_methods(load_space(file))
    first, *lines = str(raised.value).splitlines()
    assert first.startswith("3 faults")
    assert [line.split(": ")[0].strip() for line in lines] == [f"{file}:{n}" for n in (3, 8, 3)]
    assert "'slimming' ranks batch-norm scales" in lines[0]
    assert "prune.options: 'wealthadapt' takes no options (got speed)" in lines[1]
    assert "'wealthadapt' looks at images of a source task" in lines[2]


def test_a_source_of_another_size_is_refused_when_the_file_is_read() -> None:
    with pytest.raises(InputError, match=r"source.image_size 48 is not data.image_size 32"):
        space_from_raw(raw("wealthadapt", source={**SOURCE, "image_size": 48}))


def test_an_empty_source_is_none() -> None:
    assert space_from_raw({"source": None}).single().source is None
