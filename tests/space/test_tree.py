"""Places of values, and what YAML does to the unwary."""

from pathlib import Path

import pytest

from tatl_search.errors import InputError
from tatl_search.space.faults import Faults
from tatl_search.space.tree import Node, Reader

BOMB = "a0: &a0 [x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 9)
)


def read(text: str) -> tuple[Node, Faults]:
    faults = Faults("a.yaml")
    return Reader(text, lambda line: f"a.yaml:{line}", faults).read(), faults


def test_every_value_knows_its_line() -> None:
    root, _ = read("prune:\n  rate:\n    low: 0.1\n\n    high: 0.2\nseed: 3\nlist:\n  - 1\n  - 2\n")
    assert root.plain() == {"prune": {"rate": {"low": 0.1, "high": 0.2}}, "seed": 3, "list": [1, 2]}
    assert root.nearest(("prune", "rate", "high")).place == "a.yaml:5"
    assert root.nearest(("prune", "rate", "middle")).place == "a.yaml:2"
    assert root.nearest(("seed",)).place == "a.yaml:6"
    assert root.nearest(("list", 1)).place == "a.yaml:9"
    assert root.nearest(("list", 7)).place == "a.yaml:7"
    assert root.nearest(("nothing",)) == root


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4),  # a string in YAML 1.1
        ("1.0e-4", 1e-4),
        ("+2E3", 2000.0),
        ("1.5e3", 1500.0),
        ("'1e-4'", "1e-4"),
        ("1e-4x", "1e-4x"),
        ("12", 12),
        ("null", None),
    ],
)
def test_scalars(text: str, value: object) -> None:
    root, _ = read(f"key: {text}")
    found = root.plain()["key"]
    assert found == value
    assert type(found) is type(value)


def test_duplicate_keys_are_faults_with_both_places() -> None:
    _, faults = read("prune:\n  rate: 0.1\n  rate: 0.2\n")
    with pytest.raises(InputError, match=r"a\.yaml:3: rate: already given at a\.yaml:2"):
        faults.raise_if_any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [1,\nb: 2", r"a\.yaml:2: not valid YAML"),
        ("a: 1\n b: 2", r"a\.yaml:2: not valid YAML"),
        ("a: 1\n---\nb: 2", r"a\.yaml:2: not valid YAML: expected a single document"),
        ("a: \x07", r"a\.yaml:1: not valid YAML"),
        ("a: &x [*x]", r"a\.yaml:1: an alias that contains itself"),
        (f"b: 1\na: {'[' * 3000}{']' * 3000}", r"a\.yaml:2: not valid YAML: more than 50 lists"),
        ("- " * 3000, r"a\.yaml:1: not valid YAML: more than 50 lists"),
        (f"a: {'{b: ' * 3000}1{'}' * 3000}", r"a\.yaml:1: not valid YAML: more than 50 lists"),
        (BOMB, r"a\.yaml:\d: its aliases stand for more than 100,000 values"),
    ],
)
def test_what_is_no_yaml_says_where(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[1, 2]: 3", r"a\.yaml:1: a key should be a single word"),
        ("2020-01-01: 3", r"a\.yaml:1: a key should be a single word"),
        ("a:\n  b: !!python/name:os.system", r"a\.yaml:2: cannot read ''"),
        (
            "a: &x {b: 1}\nc:\n  <<: *x\n  d: 2",
            r"^1 fault in a\.yaml:\n  a\.yaml:3: <<: merging.*$",
        ),
        ("a: 2020-13-45", r"a\.yaml:1: cannot read '2020-13-45'"),
        (f"a: {'9' * 5000}", r"a\.yaml:1: cannot read '9{200}\.\.\.': Exceeds"),
    ],
)
def test_what_cannot_be_read_is_a_fault(text: str, message: str) -> None:
    _, faults = read(text)
    with pytest.raises(InputError, match=message):
        faults.raise_if_any()


def test_nothing_runs_while_reading(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    _, faults = read(f"a: !!python/object/apply:pathlib.Path.touch [{mark}]")
    assert not mark.exists()
    assert len(faults) == 0  # tags of lists mean nothing: it is a list


def test_plain_values_become_a_tree_of_one_place() -> None:
    plain = {"a": {"b": [1, {"c": None}]}}
    tree = Node.of_plain(plain, "sweep.yaml")
    assert tree.plain() == plain
    assert tree.nearest(("a", "b", 1, "c")) == Node(None, "sweep.yaml")
