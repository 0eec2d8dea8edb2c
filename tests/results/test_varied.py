import json

from tatl_search.results.varied import flat, varied


def test_settings_become_dotted_keys() -> None:
    text = json.dumps({"prune": {"rate": 0.25, "method": "tatl"}, "seed": 3, "max": None})
    assert flat(text) == {"max": "None", "prune.method": "tatl", "prune.rate": "0.25", "seed": "3"}


def test_only_what_differs_or_is_sometimes_absent_was_varied() -> None:
    settings = [{"a": 1, "b": {"c": 1}}, {"a": 1, "b": {"c": 2}}, {"a": 1, "b": {"c": 2}, "d": 0}]
    assert set(varied([json.dumps(each) for each in settings])) == {"b.c", "d"}
    assert varied([]) == []
