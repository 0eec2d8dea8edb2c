"""Drawing: which parameters are asked for, under which names, and what becomes of the answers."""

from collections.abc import Sequence
from typing import Any

import pytest

from tatl_search.space.distributions import Choices, Range, distributions, draw

RATE = Range("finetune.learning_rate", 0.01, 0.1)
ADAMW_RATE = Range("finetune.optimizer=adamw.learning_rate", 0.001, 0.01, log=True)
FINETUNE = {
    "learning_rate": RATE,
    "optimizer": Choices(
        "finetune.optimizer",
        ("sgd", "adamw"),
        {"adamw": {"learning_rate": ADAMW_RATE, "weight_decay": 0.5}},
    ),
    "epochs": 3,
}


class Answers:
    """Gives each choice the answer prepared for it and each range its low end; keeps count."""

    def __init__(self, **answers: Any) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        self.asked.append(name)
        return low

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        self.asked.append(name)
        answer = self.answers[name.rpartition(".")[2]]
        assert answer in choices
        return answer


@pytest.mark.parametrize(
    ("optimizer", "drawn", "asked"),
    [
        (
            "sgd",
            {"learning_rate": 0.01, "optimizer": "sgd", "epochs": 3},
            ["finetune.optimizer", "finetune.learning_rate"],
        ),
        (
            "adamw",
            {"learning_rate": 0.001, "optimizer": "adamw", "epochs": 3, "weight_decay": 0.5},
            ["finetune.optimizer", "finetune.optimizer=adamw.learning_rate"],
        ),
    ],
)
def test_a_choice_brings_its_own_settings(
    optimizer: str, drawn: dict[str, Any], asked: list[str]
) -> None:
    answers = Answers(optimizer=optimizer)
    assert draw({"finetune": FINETUNE}, answers) == {"finetune": drawn}
    assert answers.asked == asked


def test_choices_under_choices_and_sections_under_choices() -> None:
    section = {
        "priority": {"macs": 1.0, "redundancy": 0.0},
        "method": Choices(
            "method",
            ("a", "b"),
            {
                "a": {
                    "priority": {"macs": Range("method=a.priority.macs", 2.0, 3.0)},
                    "mode": Choices("method=a.mode", (1, 2), {2: {"depth": 9}}),
                }
            },
        ),
    }
    assert draw(section, Answers(method="b")) == {
        "priority": {"macs": 1.0, "redundancy": 0.0},
        "method": "b",
    }
    assert draw(section, Answers(method="a", mode=2)) == {
        "priority": {"macs": 2.0, "redundancy": 0.0},
        "method": "a",
        "mode": 2,
        "depth": 9,
    }


def test_all_distributions_are_listed_once_in_file_order() -> None:
    assert [found.name for found in distributions({"finetune": FINETUNE})] == [
        "finetune.learning_rate",
        "finetune.optimizer",
        "finetune.optimizer=adamw.learning_rate",
    ]


def test_where_a_distribution_stands_is_no_part_of_what_it_is() -> None:
    assert Range("a", 0, 1, place="x.yaml:1") == Range("a", 0, 1, place="y.yaml:2")


def test_distributions_in_words() -> None:
    assert str(Range("a", 0.1, 0.5, step=0.1)) == "0.1 to 0.5 in steps of 0.1"
    assert str(Range("a", 8, 64, integer=True)) == "8 to 64"
    assert str(ADAMW_RATE) == "0.001 to 0.01, logarithmic"
    assert str(FINETUNE["optimizer"]) == "one of sgd, adamw"
