import math
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tatl_search.core.goals import Goals
from tatl_search.core.sure import is_surely_better
from tatl_search.deploy import pick
from tatl_search.deploy.grounds import Grounds
from tatl_search.deploy.pick import Choice
from tatl_search.deploy.request import KNEE, PickRequest
from tatl_search.errors import InputError
from tatl_search.figures import ACCURACY, LATENCY_MS, MACS
from tatl_search.records import CandidateRecord, Kind
from tatl_search.results.latency import Latencies
from tests.deploy.rows import M, row

UNPRUNED = row(None, 0, 0.95, 100 * M)
# With 400 images one standard error is about 0.011 near 0.95.
CANDIDATES = (
    UNPRUNED,
    row(1, 1, 0.96, 80 * M, parameters=3 * M),
    row(1, 2, 0.955, 50 * M, parameters=2 * M),
    row(1, 3, 0.90, 30 * M, parameters=2 * M),
    row(2, 1, 0.85, 40 * M, parameters=1 * M),
    row(2, 2, 0.60, 10 * M, parameters=1 * M),
)


def grounds(latencies: Latencies | None = None) -> Grounds:
    return Grounds(Goals((ACCURACY, MACS), {}), latencies)


def choose(
    candidates: Sequence[CandidateRecord],
    unpruned: CandidateRecord,
    request: PickRequest,
    latencies: Latencies | None = None,
) -> Choice:
    return pick.choose(candidates, unpruned, request, grounds(latencies))


def picked(request: PickRequest) -> str:
    return choose(CANDIDATES, UNPRUNED, request).candidate.label


def test_a_bound_on_accuracy_takes_the_cheapest_that_meets_it() -> None:
    assert picked(PickRequest(min_accuracy=0.96)) == "trial 1 round 1"
    assert picked(PickRequest(min_accuracy=0.90)) == "trial 1 round 3"
    assert picked(PickRequest(min_accuracy=0.0)) == "trial 2 round 2"


def test_a_drop_is_measured_from_the_unpruned_network_and_met_when_exactly_equal() -> None:
    assert 0.95 - 0.05 != 0.90  # floats: only a tolerance makes them equal
    assert picked(PickRequest(max_drop=0.05)) == "trial 1 round 3"
    assert picked(PickRequest(max_drop=0.04)) == "trial 1 round 2"
    assert picked(PickRequest(max_drop=0.10)) == "trial 1 round 3"


def test_of_two_floors_the_higher_one_counts() -> None:
    assert picked(PickRequest(min_accuracy=0.5, max_drop=0.0)) == "trial 1 round 2"
    assert picked(PickRequest(min_accuracy=0.96, max_drop=0.5)) == "trial 1 round 1"


def test_a_bound_on_cost_takes_the_most_accurate_and_of_near_ties_the_cheapest() -> None:
    choice = choose(CANDIDATES, UNPRUNED, PickRequest(max_macs=90 * M))
    # 0.96 is better by 0.005; Wilson's limits at z = 1 are 0.0110 below it, 0.0093 above 0.955.
    assert choice.candidate.label == "trial 1 round 2"
    assert "(0.0144 would not be)" in choice.why
    assert "trial 1 round 1" in choice.why
    assert picked(PickRequest(max_macs=40 * M)) == "trial 1 round 3"
    assert picked(PickRequest(max_parameters=M)) == "unpruned"
    assert picked(PickRequest(max_macs=99 * M, max_parameters=M)) == "trial 2 round 1"


def test_near_ties_never_leave_the_bounds() -> None:
    assert picked(PickRequest(max_macs=90 * M, min_accuracy=0.958)) == "trial 1 round 1"


def test_without_bounds_the_knee_is_picked() -> None:
    # The chord runs from (10 M, 0.60) to (80 M, 0.96). 0.90 at 30 M lies farthest above it, and
    # is within 10 points of the best; 0.955 at 50 M is better by more than chance (0.018).
    choice = choose(CANDIDATES, UNPRUNED, PickRequest())
    assert choice.candidate.label == "trial 1 round 3"
    assert "knee" in choice.why


def test_the_neighbours_are_the_next_on_the_front() -> None:
    choice = choose(CANDIDATES, UNPRUNED, PickRequest(min_accuracy=0.90))
    assert choice.smaller is not None
    assert choice.larger is not None
    # trial 2 round 1 (40 M) lies between, but is dominated by the picked one itself.
    assert choice.larger.candidate.label == "trial 1 round 2"
    assert choice.larger.quality_change == pytest.approx(0.055)
    assert choice.larger.cost_change == 20 * M
    assert choice.larger.text == (
        "trial 1 round 2: 50.0 M MACs (+67 %), accuracy 0.9550 (+5.5 points)"
    )
    assert choice.smaller.candidate.label == "trial 2 round 2"


def test_the_ends_of_the_front_have_one_neighbour() -> None:
    assert choose(CANDIDATES, UNPRUNED, PickRequest(min_accuracy=0.96)).larger is None
    assert choose(CANDIDATES, UNPRUNED, PickRequest(min_accuracy=0.0)).smaller is None


def test_the_interval_is_wilsons() -> None:
    # Wilson 1927 for 95 of 100: (0.8882, 0.9785), as statsmodels' proportion_confint gives.
    choice = choose([row(0, 1, 0.95, M, val_images=100)], UNPRUNED, PickRequest())
    assert choice.interval == pytest.approx((0.8882, 0.9785), abs=1e-4)


def test_many_candidates_and_an_unpruned_choice_are_noted() -> None:
    choice = choose(CANDIDATES, UNPRUNED, PickRequest(max_parameters=M))
    assert "6 candidates were compared on the same 400 validation images" in choice.notes[0]
    assert "no pruned one" in choice.notes[1]
    assert choose([row(0, 1, 0.9, M)], UNPRUNED, PickRequest()).notes == ()


def test_rows_of_one_stage_are_one_network() -> None:
    shared = [row(trial, 1, 0.9, 50 * M, stage="same") for trial in (2, 1)]
    choice = choose(shared, UNPRUNED, PickRequest())
    assert choice.candidate.label == "trial 1 round 1"
    assert choice.notes == ()


def test_candidates_without_a_finite_accuracy_do_not_count() -> None:
    broken = row(0, 1, math.nan, M)
    assert choose([broken, *CANDIDATES], UNPRUNED, PickRequest(max_macs=10 * M)).candidate.trial
    with pytest.raises(InputError, match="nothing to pick from"):
        choose([broken], UNPRUNED, PickRequest())


def test_an_unmet_bound_names_the_closest_and_what_it_lacks() -> None:
    with pytest.raises(InputError) as caught:
        choose(CANDIDATES, UNPRUNED, PickRequest(min_accuracy=0.99, max_macs=4 * M))
    assert str(caught.value).splitlines() == [
        "no candidate has accuracy at least 0.9900: closest is 0.9600 (trial 1 round 1);"
        " short by 0.0300",
        "no candidate has at most 4.0 M MACs: closest is 10.0 M (trial 2 round 2); 6.0 M too many",
    ]


def test_bounds_that_exclude_each_other_are_shown_against_each_other() -> None:
    with pytest.raises(InputError) as caught:
        choose(CANDIDATES, UNPRUNED, PickRequest(min_accuracy=0.92, max_macs=40 * M))
    assert str(caught.value).splitlines() == [
        "no candidate meets all bounds at once, though each is met by some:",
        "  accuracy at least 0.9200: with at most 40.0 M MACs closest is"
        " 0.9000 (trial 1 round 3); short by 0.0200",
        "  at most 40.0 M MACs: with accuracy at least 0.9200 closest is"
        " 50.0 M (trial 1 round 2); 10.0 M too many",
    ]


def test_three_bounds_of_which_no_two_go_together() -> None:
    pool = [row(0, 1, 0.9, 9 * M, 9 * M), row(1, 1, 0.5, M, 9 * M), row(2, 1, 0.5, 9 * M, M)]
    request = PickRequest(min_accuracy=0.9, max_macs=M, max_parameters=M)
    with pytest.raises(InputError, match="there is nothing at all"):
        choose(pool, UNPRUNED, request)


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({"min_accuracy": 95.0}, "min_accuracy is a share between 0 and 1"),
        ({"max_drop": -0.1}, "max_drop is a share"),
        ({"max_drop": math.nan}, "max_drop is a share"),
        ({"max_macs": 0}, "max_macs must be at least 1"),
        ({"max_parameters": -5}, "max_parameters must be at least 1"),
        ({"max_size_bytes": 0}, "max_size_bytes must be at least 1"),
        ({"max_latency_ms": 0.0}, "max_latency_ms must be above 0"),
        ({"weights": {MACS: -1.0}}, "weights must be numbers of at least 0"),
        ({"weights": {MACS: 0.0}}, "at least one must be above 0"),
        (
            {"weights": {MACS: 1.0}, "preference": KNEE},
            "weights and knee are two preferences",
        ),
    ],
)
def test_bounds_out_of_range_are_refused(bounds: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        PickRequest(**bounds)


rows = st.lists(
    st.builds(
        lambda key, correct, macs: row(key, 1, correct / 400, macs),
        st.integers(0, 10_000),
        st.integers(0, 400),
        st.integers(1, 1000),
    ),
    min_size=1,
    max_size=20,
    unique_by=lambda record: record.trial,
)


@given(rows, st.integers(1, 1000))
def test_within_a_budget_nothing_is_surely_better_and_nothing_cheaper_as_good(
    pool: list[CandidateRecord], budget: int
) -> None:
    affordable = [record for record in pool if record.macs <= budget]
    if not affordable:
        with pytest.raises(InputError):
            choose(pool, UNPRUNED, PickRequest(max_macs=budget))
        return
    chosen = choose(pool, UNPRUNED, PickRequest(max_macs=budget)).candidate
    goals = grounds().goals
    assert not any(is_surely_better(record, chosen, goals) for record in affordable)
    cheaper = [record for record in affordable if record.macs < chosen.macs]
    assert all(record.accuracy < chosen.accuracy for record in cheaper)


@given(rows, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_does_not_matter(
    pool: list[CandidateRecord], shuffler: random.Random
) -> None:
    shuffled = list(pool)
    shuffler.shuffle(shuffled)
    assert choose(pool, UNPRUNED, PickRequest()) == choose(shuffled, UNPRUNED, PickRequest())


def test_the_unpruned_network_is_a_candidate_like_others() -> None:
    assert choose([UNPRUNED], UNPRUNED, PickRequest()).candidate.kind is Kind.UNPRUNED


def test_a_perfect_accuracy_is_not_taken_for_certain() -> None:
    perfect = row(0, 1, accuracy=1.0, macs=900)
    nearly = row(1, 1, accuracy=0.998, macs=300)
    assert (
        choose([UNPRUNED, perfect, nearly], UNPRUNED, PickRequest(max_macs=950)).candidate == nearly
    )


# Of the candidates, two were measured: the one of 50 M MACs is slower than that of 30 M.
MEASURED = Latencies("measured on a board", {"stage-1-2": 9.0, "stage-1-3": 5.0})


def test_a_preference_holds_within_the_bounds() -> None:
    def prefer(preference: str) -> str:
        return picked(PickRequest(min_accuracy=0.85, preference=preference))

    assert prefer("min_macs") == "trial 1 round 3"
    assert prefer("max_accuracy") == "trial 1 round 2"  # 0.96 may be luck
    # From (30 M, 0.90) to (80 M, 0.96): 0.955 at 50 M lies above that chord.
    assert prefer(KNEE) == "trial 1 round 2"
    assert picked(PickRequest(max_macs=45 * M, preference="min_macs")) == "trial 2 round 2"
    assert picked(PickRequest(preference="max_accuracy")) == "trial 1 round 2"


def test_a_bound_on_size() -> None:
    assert picked(PickRequest(max_size_bytes=8 * M, min_accuracy=0.955)) == "trial 1 round 2"


def test_weights_by_hand() -> None:
    # The front from 10 M to 80 M MACs and 0.60 to 0.96, scaled: 80 M (1, 0), 50 M (0.986, 0.429),
    # 30 M (0.833, 0.714), 10 M (0, 1).
    weights = {ACCURACY: 1.0, MACS: 0.5}
    choice = choose(CANDIDATES, UNPRUNED, PickRequest(weights=weights))
    assert choice.candidate.label == "trial 1 round 2"
    assert choice.why.startswith("the highest score by accuracy=1, macs=0.5: 1.200, each")
    weights[MACS] = 1.0
    assert picked(PickRequest(weights=weights)) == "trial 1 round 3"
    weights[MACS] = 10.0
    assert picked(PickRequest(weights=weights)) == "trial 2 round 2"
    assert picked(PickRequest(weights={ACCURACY: 1.0})) == "trial 1 round 1"


def test_measured_latency_bounds_and_weighs() -> None:
    def by_latency(request: PickRequest) -> str:
        return choose(CANDIDATES, UNPRUNED, request, MEASURED).candidate.label

    assert by_latency(PickRequest(max_latency_ms=9.0)) == "trial 1 round 2"
    assert by_latency(PickRequest(max_latency_ms=8.0)) == "trial 1 round 3"
    weights = {ACCURACY: 1.0, LATENCY_MS: 2.0}
    assert by_latency(PickRequest(weights=weights)) == "trial 1 round 3"
    choice = choose(CANDIDATES, UNPRUNED, PickRequest(max_latency_ms=8.0), MEASURED)
    assert (choice.latency_ms, choice.latency_origin) == (5.0, "measured on a board")
    assert "the latency of 2 of 6 candidates is known (measured on a board)" in choice.notes[1]


def test_a_latency_nobody_keeps_names_the_fastest_that_was_measured() -> None:
    with pytest.raises(InputError) as caught:
        choose(CANDIDATES, UNPRUNED, PickRequest(max_latency_ms=4.0), MEASURED)
    assert str(caught.value) == (
        "no candidate has at most 4 ms (measured on a board): closest is 5 ms (trial 1 round 3);"
        " 1 ms too many"
    )
    with pytest.raises(InputError, match="unknown: the latency of none of them is known"):
        choose(CANDIDATES, UNPRUNED, PickRequest(max_latency_ms=4.0), Latencies("nowhere", {}))
    request = PickRequest(weights={LATENCY_MS: 1.0})
    with pytest.raises(InputError, match="the latency of none of the candidates is known"):
        choose(CANDIDATES, UNPRUNED, request, Latencies("nowhere", {}))
    with pytest.raises(InputError, match="none is given"):
        choose(CANDIDATES, UNPRUNED, PickRequest(max_latency_ms=4.0))


def test_a_network_asked_for_by_name() -> None:
    choice = pick.named(CANDIDATES, (2, 1), grounds(MEASURED))
    assert (choice.candidate.label, choice.why) == ("trial 2 round 1", "asked for by name")
    assert choice.latency_ms is None
    with pytest.raises(InputError, match="trial 1 has no round 7: it has rounds 1, 2, 3"):
        pick.named(CANDIDATES, (1, 7), grounds())
    with pytest.raises(InputError, match="there is no such trial"):
        pick.named(CANDIDATES, (9, 0), grounds())


def test_only_what_is_unknown_is_named_as_unknown() -> None:
    request = PickRequest(weights={ACCURACY: 1.0, LATENCY_MS: 1.0})
    with pytest.raises(InputError, match=r"^the latency of none of the candidates is known"):
        choose(CANDIDATES, UNPRUNED, request, Latencies("nowhere", {}))
