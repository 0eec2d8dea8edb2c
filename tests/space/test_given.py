"""Settings that somebody names, as parameters of a space; what does not fit is said."""

from tatl_search.config import AdaptationConfig
from tatl_search.space import space_from_raw
from tatl_search.space.given import flat, given, paths

SPACE = space_from_raw(
    {
        "finetune": {
            "optimizer": {
                "choices": {
                    "sgd": {"learning_rate": {"low": 0.01, "high": 0.1}},
                    "adamw": {"learning_rate": {"choices": [3e-4, 1e-3]}},
                }
            }
        },
        "prune": {"rate": {"low": 0.1, "high": 0.4, "step": 0.1}},
        "stop": {"max_rounds": {"low": 2, "high": 8, "step": 2}},
    }
)
SGD, ADAMW = (f"finetune.optimizer={name}.learning_rate" for name in ("sgd", "adamw"))


def test_nested_and_dotted_sections_are_the_same() -> None:
    nested = {"prune": {"rate": 0.3, "priority": {"macs": 1.0}}}
    dotted = {"prune.rate": 0.3, "prune.priority.macs": 1.0}
    assert flat(nested) == flat(dotted) == dotted


def test_a_parameters_path_forgets_the_choice_it_stands_below() -> None:
    assert paths(SPACE.section)[SGD] == paths(SPACE.section)[ADAMW] == "finetune.learning_rate"


def test_settings_find_their_parameters() -> None:
    named = {"finetune": {"optimizer": "adamw", "learning_rate": 1e-3}, "stop": {"max_rounds": 4}}
    found = given(SPACE.section, named)
    assert found.values == {"finetune.optimizer": "adamw", ADAMW: 1e-3, "stop.max_rounds": 4}
    assert (found.refused, found.open) == ({}, ("prune.rate",))


def test_what_lies_outside_is_refused_and_left_to_be_drawn() -> None:
    named = {
        "finetune": {"optimizer": "adamw", "learning_rate": 0.05},
        "prune": {"rate": 0.25, "threshold": 0.5},
        "stop": {"max_rounds": 3},
    }
    found = given(SPACE.section, named)
    assert found.values == {"finetune.optimizer": "adamw"}
    assert found.refused == {
        "finetune.learning_rate": "0.05 is not one of 0.0003, 0.001",
        "prune.rate": "0.25 is not 0.1 to 0.4 in steps of 0.1",
        "stop.max_rounds": "3 is not 2 to 8 in steps of 2",
        "prune.threshold": "is not searched here",
    }


def test_whole_settings_leave_nothing_open() -> None:
    config = AdaptationConfig.model_validate(
        {
            "finetune": {"optimizer": "sgd", "learning_rate": 0.05},
            "prune": {"rate": 0.1 + 0.2},
            "stop": {"max_rounds": 8},
        }
    )
    found = given(SPACE.section, config.model_dump(mode="json"))
    assert found.open == ()
    assert found.values[SGD] == 0.05
    assert not {"prune.rate", "finetune.learning_rate"} & set(found.refused)


def test_odd_values_are_refused() -> None:
    for odd in (True, "0.2", float("nan"), None):
        assert "prune.rate" in given(SPACE.section, {"prune": {"rate": odd}}).refused
