"""How the first fine-tuning gets on, counted by hand, and that it is the same whoever listens."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tatl_search.adaptation.following import Follower, TrainingProgress
from tests.adaptation.benches import bench, config


@pytest.fixture(autouse=True)
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tatl_search.adaptation.following.EVERY_S", 0.0)


def test_epochs_and_accuracy_are_counted() -> None:
    """A network that takes the greatest of four values as its class."""
    heard: list[TrainingProgress] = []
    module = torch.nn.Identity()
    right, wrong = torch.eye(4), torch.eye(4).roll(1, dims=0)
    shares = torch.eye(4) * 0.7 + 0.1
    epochs = [
        [(right, torch.arange(4)), (wrong, torch.arange(4))],
        [(right, torch.arange(4)), (right, shares)],
    ]
    with Follower(module, 2, 2, heard.append) as follower:
        for epoch, batches in enumerate(epochs):
            for scores, _ in follower.batches(epoch, iter(batches)):
                module(scores)
    assert [(word.done, word.accuracy) for word in heard] == [
        (0.0, None),
        (0.5, None),
        (1.0, 0.5),
        (1.5, 0.5),
        (2, 1.0),
    ]
    assert [word.is_over for word in heard] == [False] * 4 + [True]


def test_parts_of_a_batch_are_passed_over() -> None:
    heard: list[TrainingProgress] = []
    module = torch.nn.Identity()
    with Follower(module, 2, 1, heard.append) as follower:
        for epoch in range(2):
            for scores, _ in follower.batches(epoch, iter([(torch.eye(4), torch.arange(4))])):
                module(scores[:2])
                module(scores[2:])
    assert {word.accuracy for word in heard} == {None}


def test_what_is_left_follows_from_the_pace() -> None:
    assert TrainingProgress(2.0, 8, None, seconds=10.0).left_s == 30.0
    assert TrainingProgress(0.0, 8, None, seconds=10.0).left_s is None


def test_a_first_fine_tuning_is_the_same_bits_with_a_listener(tmp_path: Path) -> None:
    heard: list[TrainingProgress] = []
    quiet = bench(tmp_path / "quiet").first_fine_tuning()
    settings = config(finetune={"epochs": 2})
    told = replace(bench(tmp_path / "told", settings), hear=heard.append).first_fine_tuning()
    weights = "weights.safetensors"
    assert (quiet.folder / weights).read_bytes() == (told.folder / weights).read_bytes()
    assert heard[-1].is_over
    assert [word.done for word in heard] == sorted(word.done for word in heard)
    last = heard[-1].accuracy
    assert last is not None
    assert 0.0 <= last <= 1.0
