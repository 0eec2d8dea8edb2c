"""Blocks of passes: their figures by hand, and that networks take turns."""

from functools import partial

from tatl_search.deploy.stopwatch import WARM_UPS, Pass, Schedule, Timing, time_by_turns


def test_figures_by_hand() -> None:
    timing = Timing.of([[1.0, 2.0, 3.0], [5.0, 6.0, 7.0]])
    assert (timing.p50_ms, timing.lowest_block_ms, timing.highest_block_ms) == (4.0, 2.0, 6.0)
    assert timing.p90_ms == 6.5  # half way between the fifth and the sixth of six
    assert (timing.blocks, timing.passes) == (2, 6)


def test_networks_take_turns_in_an_order_that_changes() -> None:
    turns: list[str] = []
    passes = {"first": 0, "second": 0, "third": 0}

    def opened(name: str) -> Pass:
        turns.append(name)

        def one_pass() -> None:
            passes[name] += 1

        return one_pass

    said: list[str] = []
    schedule = Schedule(blocks=6, seconds=0.0, passes=4)
    timings = time_by_turns([partial(opened, name) for name in passes], schedule, said.append)
    blocks = [tuple(turns[start : start + 3]) for start in range(0, 18, 3)]
    assert all(sorted(block) == sorted(passes) for block in blocks)
    assert len(set(blocks)) > 1
    assert passes == dict.fromkeys(passes, 6 * (WARM_UPS + 4))
    assert [(timing.blocks, timing.passes) for timing in timings] == [(6, 24)] * 3
    assert all(0.0 < timing.lowest_block_ms <= timing.highest_block_ms for timing in timings)
    assert said[-1] == "block 6 of 6 measured"
