"""Every way to write a distribution wrongly, and the ways to write it rightly."""

from typing import Any

import pytest

from tatl_search.errors import InputError
from tatl_search.space import Choices, Distribution, Range, space_from_raw


def compiled(dotted: str, value: Any) -> Distribution:
    for key in reversed(dotted.split(".")):
        value = {key: value}
    return space_from_raw(value).parameters[0][1]


@pytest.mark.parametrize(
    ("dotted", "value", "expected"),
    [
        ("prune.rate", {"low": 0.1, "high": 0.4}, Range("prune.rate", 0.1, 0.4)),
        (
            "prune.rate",
            {"low": 0.1, "high": 0.4, "step": 0.1},
            Range("prune.rate", 0.1, 0.4, step=0.1),
        ),
        (
            "retrain.learning_rate",
            {"low": 0.01, "high": 1, "log": True},
            Range("retrain.learning_rate", 0.01, 1.0, log=True),
        ),
        (
            "finetune.batch_size",
            {"low": 8, "high": 64, "step": 8},
            Range("finetune.batch_size", 8, 64, step=8, integer=True),
        ),
        ("data.per_class", {"low": 8, "high": 64}, Range("data.per_class", 8, 64, integer=True)),
        ("stop.max_drop", {"choices": [None, 0.1]}, Choices("stop.max_drop", (None, 0.1))),
        (
            "data.augment.flip",
            {"choices": [True, False]},
            Choices("data.augment.flip", (True, False)),
        ),
        ("prune.rate_of", {"choices": ["macs"]}, Choices("prune.rate_of", ("macs",))),
        (
            "finetune.batch_size",
            {"choices": {16: None, 32: {"epochs": 2}}},
            Choices("finetune.batch_size", (16, 32), {16: {}, 32: {"epochs": 2}}),
        ),
        (  # as it comes back from JSON
            "finetune.batch_size",
            {"choices": {"16": {}, "32": {}}},
            Choices("finetune.batch_size", (16, 32), {16: {}, 32: {}}),
        ),
    ],
)
def test_distributions(dotted: str, value: Any, expected: Distribution) -> None:
    found = compiled(dotted, value)
    assert found == expected
    if isinstance(found, Range):
        ends = {type(number) for number in (found.low, found.high, found.step or found.low)}
        assert ends == {int if found.integer else float}


@pytest.mark.parametrize(
    ("dotted", "value", "fault"),
    [
        ("prune.rate", {"low": 0.1}, "a range needs low and high: high is missing"),
        ("prune.rate", {"step": 0.1, "high": 0.2}, "low is missing"),
        ("stop.max_drop", {"low": None, "high": 0.2}, "low is missing"),
        (
            "prune.rate",
            {"low": 0.4, "high": 0.1},
            r"low should be less than high \(got 0.4 and 0.1",
        ),
        ("prune.rate", {"low": 0.1, "high": 0.1}, "low should be less than high"),
        ("prune.rate", {"low": 0.0, "high": 0.5}, r"rate.low: should be greater than 0 \(got 0.0"),
        ("prune.rate", {"low": 0.1, "high": 1.0}, r"rate.high: should be less than 1 \(got 1.0"),
        ("prune.rate", {"low": "a", "high": 0.2}, r"should be a valid number \(got 'a'\)"),
        ("prune.rate", {"low": 0.1, "high": 0.5, "stepp": 0.1}, "did you mean 'step'"),
        (
            "prune.rate",
            {"low": 0.1, "high": 0.5, "log": "yes"},
            "rate.log: should be true or false",
        ),
        ("prune.rate", {"low": 0.1, "high": 0.5, "log": 1}, "rate.log: should be true or false"),
        ("prune.rate", {"low": 0.1, "high": 0.5, "step": 0}, "a number above 0"),
        ("prune.rate", {"low": 0.1, "high": 0.5, "step": True}, "a number above 0"),
        ("prune.rate", {"low": 0.1, "high": 0.5, "step": float("nan")}, "a number above 0"),
        (
            "prune.rate",
            {"low": 0.1, "high": 0.5, "step": 0.15},
            "steps of 0.15 from 0.1 lead to 0.4 and 0.55, not to high",
        ),
        ("prune.rate", {"low": 0.1, "high": 0.2, "step": 0.5}, "lead to 0.1 and 0.6"),
        (
            "prune.rate",
            {"low": 0.1, "high": 0.5, "step": 0.1, "log": True},
            "log and step exclude each other",
        ),
        ("prune.min_keep", {"low": 0.0, "high": 0.5, "log": True}, "low should be greater than 0"),
        ("prune.round_to", {"low": 1, "high": 8.5}, r"should be a valid integer \(got 8.5\)"),
        ("prune.round_to", {"low": 1, "high": 8, "step": 0.5}, "a whole number above 0"),
        ("data.augment.flip", {"low": 0, "high": 1}, r"should be a value or \{choices: "),
        ("data.path", {"low": 0, "high": 1}, r"should be a value or \{choices: "),
        ("data.augment.flip", {"some": 1}, r"should be a value or \{choices: "),
        ("prune.rate", {"choices": []}, r"should be a list such as \[a, b\]"),
        ("prune.rate", {"choices": {}}, r"should be a list such as \[a, b\]"),
        ("prune.rate", {"choices": 0.1}, r"should be a list such as \[a, b\]"),
        ("prune.rate", {"choices": [0.1, 0.2, 0.1]}, "0.1 is given twice"),
        ("prune.rate", {"choices": [0.1, 2]}, r"should be less than 1 \(got 2\)"),
        ("prune.rate", {"choices": [0.1, [0.2]]}, "should be a valid number"),
        ("prune.options.w", {"choices": [0, [1, 2]]}, r"a word, true, .* \(got \[1, 2\]\)"),
        ("prune.rate", {"choices": [0.1], "low": 0.1}, "choices: takes no other key"),
        ("prune.rate_of", {"choices": ["macs", "flops"]}, "'macs', 'parameters' or 'filters'"),
        (
            "finetune.optimizer",
            {"choices": {"sgd": {"momentm": 0.9}}},
            "optimizer=sgd.momentm: unknown key; did you mean 'momentum'",
        ),
        ("finetune.optimizer", {"choices": {"sgd": 3}}, "optimizer=sgd: should be a section"),
        (
            "finetune.optimizer",
            {"choices": {"sgd": {"optimizer": "adamw"}}},
            "a choice cannot set itself",
        ),
        (
            "prune.rate",
            [0.1, 0.2],
            r"should be one value; to search over several write \{choices: ",
        ),
    ],
)
def test_faulty_distributions(dotted: str, value: Any, fault: str) -> None:
    with pytest.raises(InputError, match=fault) as raised:
        compiled(dotted, value)
    assert str(raised.value).startswith("1 fault in the settings:\n  the settings: " + dotted)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"low": 0.5, "high": 2}, Range("prune.options.pace", 0.5, 2.0)),
        ({"low": 1, "high": 5, "step": 2}, Range("prune.options.pace", 1, 5, step=2, integer=True)),
        ({"low": 0.1, "high": 1, "log": True}, Range("prune.options.pace", 0.1, 1.0, log=True)),
        ({"choices": ["slow", "fast"]}, Choices("prune.options.pace", ("slow", "fast"))),
        (
            {"choices": {"slow": None, "fast": {"wind": {"low": 0, "high": 3}}}},
            Choices(
                "prune.options.pace",
                ("slow", "fast"),
                {
                    "slow": {},
                    "fast": {"wind": Range("prune.options.pace=fast.wind", 0, 3, integer=True)},
                },
            ),
        ),
    ],
)
def test_settings_whose_model_is_not_known_may_be_distributions(value: Any, expected: Any) -> None:
    found = compiled("prune.options.pace", value)
    assert found == expected
    if isinstance(found, Range):
        assert found.integer == isinstance(found.low, int)


def test_they_are_drawn_as_they_stand() -> None:
    plain = {"pace": "slow", "deep": {"list": [1, 2], "text": None}}
    assert space_from_raw({"prune": {"options": plain}}).single().prune.options == plain


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (3, "prune.options: should be a section"),
        ({"pace": {"low": 3, "high": 1}}, "prune.options.pace: low should be less than high"),
        ({"pace": {"low": "a", "high": 1}}, "prune.options.pace.low: should be a valid number"),
        ({"pace": {"choices": []}}, "prune.options.pace.choices: should be a list"),
        ({"deep": {"pace": {"low": 1, "step": 1}}}, "prune.options.deep.pace: a range needs low"),
    ],
)
def test_what_is_wrong_with_them_as_distributions(value: Any, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        space_from_raw({"prune": {"options": value}})
