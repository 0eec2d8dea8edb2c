"""What verbs share."""

import re
from pathlib import Path

import pytest

from tatl_search.cli.options import new_folder_in
from tatl_search.errors import InputError

SPACE = "spaces/my task.v2.yaml"


def test_a_new_sweep_is_called_by_its_file_and_the_time() -> None:
    folder = new_folder_in(Path("sweeps"), None, SPACE)
    assert folder.parent == Path("sweeps")
    assert re.fullmatch(r"my task\.v2-\d{8}-\d{6}", folder.name)


@pytest.mark.parametrize("name", ["first", "[1]", "a b", "..a", "ä"])
def test_a_name_is_kept(name: str) -> None:
    assert new_folder_in(Path("sweeps"), name, SPACE) == Path("sweeps") / name


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a/", "/a"])
def test_what_is_no_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="is no name of a folder; --storage says where"):
        new_folder_in(Path("sweeps"), name, SPACE)
