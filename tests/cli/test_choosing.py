"""Verbs that choose: the front and a network of it, for people and for programs."""

import json
from pathlib import Path

from tatl_search.figures import GOALS
from tests.cli.conftest import Tatl

ISSUED = {"label", "trial", "round", *GOALS, "on_front", "sure"}


class TestFront:
    """The verb `front`."""

    def test_json_of_all_candidates(self, adapted: Path, tatl: Tatl) -> None:
        ended = tatl("front", adapted, "--all", "--json")
        assert (ended.code, ended.err) == (0, "")
        content = json.loads(ended.out)
        assert {"sweep", "trials", "images_trained", "images_saved", "candidates"} <= set(content)
        assert (content["sweep"], content["trials"]) == ("adapted", 1)
        assert (content["images_trained"], content["images_saved"]) == (400, 0)
        rows = content["candidates"]
        assert [(row["trial"], row["round"]) for row in rows] == [(0, 0), (0, 1), (0, 2)]
        for row in rows:
            assert set(row) == ISSUED
            assert 0.0 <= row["accuracy"] <= 1.0
            assert all(type(row[name]) is int for name in ("macs", "parameters", "size_bytes"))
        macs = [row["macs"] for row in rows]
        assert macs == sorted(macs, reverse=True)
        for row in rows:
            beaten = any(
                other["macs"] <= row["macs"] and other["accuracy"] >= row["accuracy"]
                for other in rows
                if (other["macs"], other["accuracy"]) != (row["macs"], row["accuracy"])
            )
            assert row["on_front"] is not beaten

    def test_json_of_the_front_is_a_part_of_it(self, adapted: Path, tatl: Tatl) -> None:
        every = json.loads(tatl("front", adapted, "--all", "--json").out)
        front = json.loads(tatl("front", adapted, "--json").out)
        assert {k: v for k, v in front.items() if k != "candidates"} == {
            k: v for k, v in every.items() if k != "candidates"
        }
        expected = [row for row in every["candidates"] if row["on_front"]]
        assert front["candidates"] == sorted(expected, key=lambda row: -row["macs"])

    def test_tables(self, adapted: Path, tatl: Tatl) -> None:
        front, every = tatl("front", adapted).out, tatl("front", adapted, "--all").out
        assert "Front of adapted" in front
        assert "unpruned" in front
        assert "Candidates of adapted (* on the front)" in every
        assert all(f"trial 0 round {number}" in every for number in range(3))


class TestPick:
    """The verb `pick`."""

    def test_json_says_which_and_why(self, adapted: Path, tatl: Tatl) -> None:
        ended = tatl("pick", adapted, "--json")
        assert ended.code == 0
        assert "why: the knee of the front" in ended.err
        content = json.loads(ended.out)
        assert content["why"].startswith("the knee of the front")
        picked = content["candidate"]
        assert picked["label"] == f"trial 0 round {picked['round']}"
        assert picked["interval"]["low"] < picked["accuracy"] < picked["interval"]["high"]
        assert content["export"] is None
        assert tatl("pick", adapted, "--knee", "--json").out == ended.out

    def test_bounds_are_kept(self, adapted: Path, tatl: Tatl) -> None:
        rows = json.loads(tatl("front", adapted, "--all", "--json").out)["candidates"]
        smallest = min(rows, key=lambda row: row["macs"])
        words = ("--max-macs", f"{smallest['macs']:.6e}", "--json")
        picked = json.loads(tatl("pick", adapted, *words).out)["candidate"]
        assert (picked["trial"], picked["round"]) == (0, smallest["round"])

    def test_options_that_say_nothing_are_refused(self, adapted: Path, tatl: Tatl) -> None:
        twice = tatl("pick", adapted, "--weights", "accuracy=1,macs=1,accuracy=2")
        assert (twice.code, "accuracy is named twice" in twice.err) == (2, True)
        nowhere = tatl("pick", adapted, "--format", "onnx")
        assert (nowhere.code, "--export" in nowhere.err) == (2, True)

    def test_every_figure_has_a_bound_and_a_preference(self, adapted: Path, tatl: Tatl) -> None:
        rows = json.loads(tatl("front", adapted, "--all", "--json").out)["candidates"]
        best = max(rows, key=lambda row: row["balanced_accuracy"])
        words = ("--max-balanced-accuracy", "--min-macro-f1", "0", "--max-size-mb", "1e6")
        picked = json.loads(tatl("pick", adapted, *words, "--json").out)["candidate"]
        assert picked["balanced_accuracy"] == best["balanced_accuracy"]
        for figure in GOALS.values():
            for name in (figure.bound_name, figure.best_name):
                option = f"--{name.replace('_', '-')}".replace("-size-bytes", "-size-mb")
                assert option in tatl("pick", "--help").out

    def test_an_export_is_in_the_json(self, adapted: Path, here: Path, tatl: Tatl) -> None:
        ended = tatl("pick", adapted, "--export", "network", "--json")
        assert ended.code == 0
        assert "ONNX Runtime against torch" in ended.err
        export = json.loads(ended.out)["export"]
        assert export["folder"] == str(here / "network")
        assert export["picked"]["test"]["images"] > 100
        measured = json.loads((here / "network/metrics.json").read_text(encoding="utf-8"))
        assert export["picked"] == measured["picked"]
