"""Batches in pieces: the same gradients, and the memory they need."""

import itertools
import multiprocessing
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from tatl_search.config import RetrainSettings, TrainingSettings
from tatl_search.nets import microbatches
from tatl_search.nets.finetune import TrainingReport, train
from tatl_search.nets.memory import share_of_gpu
from tatl_search.nets.microbatches import MicroBatches
from tatl_search.nets.second_task import SecondTask
from tests.nets.lively import some_images

CPU = torch.device("cpu")
LABELS = torch.tensor([0, 1, 1, 0, 1, 0, 0])
SETTINGS = RetrainSettings(
    epochs=2,
    learning_rate=0.1,
    momentum=0.5,
    schedule="constant",
    label_smoothing=0.1,
    distillation_weight=0.3,
)


@pytest.fixture(autouse=True)
def _knows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(microbatches, "_fitting", {})


class Hungry(nn.Module):
    """Runs out of memory beyond so many images, as a GPU does: in the middle of the network."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most

    def forward(self, images: Tensor) -> Tensor:
        if len(images) > self.most:
            raise torch.OutOfMemoryError(f"{len(images)} images")
        return images


def network(most: int, norm: bool = False) -> nn.Sequential:
    torch.manual_seed(0)
    head = nn.BatchNorm2d(6) if norm else nn.Identity()
    return nn.Sequential(
        nn.Conv2d(3, 6, 3), head, nn.ReLU(), Hungry(most), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(6, 2),
    )  # fmt: skip


def trained(most: int) -> tuple[nn.Sequential, TrainingReport]:
    """Train by everything that makes up a loss: labels, their weights, a teacher, other images."""
    module, images = network(most), some_images(7, 8)
    others = itertools.repeat((some_images(5, 8) + 1.0, torch.tensor([2, 0, 1, 1, 2])))
    second = SecondTask(module, others, classes=3, weight=0.5)
    report = train(
        module,
        lambda _: [(images, LABELS), (images[:3] + 0.5, LABELS[:3])],
        SETTINGS,
        2,
        "cpu",
        teacher=network(99),
        class_weights=torch.tensor([0.5, 2.0]),
        second=second,
    )
    return module, report


def test_micro_batches_give_the_gradients_of_the_whole_batch() -> None:
    """After four steps with momentum: of 7 images, 2 at most fit; of 3, and of 5 others, too."""
    whole, plain = trained(most=99)
    cut, report = trained(most=2)
    for one, other in zip(whole.parameters(), cut.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)
    assert report.mean_loss_by_epoch == pytest.approx(plain.mean_loss_by_epoch, rel=1e-5)
    assert (report.images_trained, report.images_forward) == (
        plain.images_trained,
        plain.images_forward,
    )
    assert report.images_forward == 2 * (7 + 3)
    assert report.images_trained == 2 * (7 + 3 + 5 + 5)
    assert (plain.micro_batch, report.micro_batch) == (None, 1)


def test_what_fitted_is_remembered_for_the_process() -> None:
    heard: list[int] = []
    for _ in range(2):
        module = network(most=4)
        module[0].register_forward_hook(lambda _, given, __: heard.append(len(given[0])))
        settings = TrainingSettings(epochs=1)
        report = train(module, lambda _: [(some_images(7, 8), LABELS)], settings, 1, "cpu")
        assert report.micro_batch == 3
    assert heard == [7, 3, 2, 2, 3, 2, 2]


def test_batch_norms_see_two_images_at_least() -> None:
    heard: list[int] = []
    module = network(most=3, norm=True)
    module[0].register_forward_hook(lambda _, given, __: heard.append(len(given[0])))
    report = train(
        module, lambda _: [(some_images(7, 8), LABELS)], TrainingSettings(epochs=1), 1, "cpu"
    )
    assert (heard, report.micro_batch) == ([7, 3, 2, 2], 3)


@given(count=st.integers(1, 70), norm=st.booleans())
def test_halving_comes_to_an_end(count: int, norm: bool) -> None:
    images, labels = torch.zeros(count, 1, 1, 1), torch.zeros(count)
    micro = MicroBatches(network(1, norm), CPU)
    largest = [count]
    while micro.halve(images):
        pieces = [*micro.pieces(images, labels)]
        assert torch.equal(torch.cat([some for some, _, _ in pieces]), images)
        assert sum(share for *_, share in pieces) == pytest.approx(1.0)
        assert min(len(some) for some, *_ in pieces) >= (2 if norm else 1)
        largest.append(max(len(some) for some, *_ in pieces))
    assert largest == sorted(set(largest), reverse=True)
    assert largest[-1] <= (3 if norm else 1)
    assert not microbatches._fitting  # nothing fitted, so nothing was learnt


WIDE = TrainingSettings(epochs=1, batch_size=64, learning_rate=0.01, schedule="constant")


def wide() -> nn.Sequential:
    """Return a network that takes about 4 MB of memory an image of 64 pixels."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 64, 3), nn.Sigmoid(), nn.Conv2d(64, 64, 1), nn.Sigmoid(), nn.Flatten(2),
        nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(64, 2),
    )  # fmt: skip


def batches(_: int) -> Iterator[tuple[Tensor, Tensor]]:
    for _ in range(2):
        yield some_images(64, 64), torch.arange(64) % 2


def _train_within(extra_bytes: int, result: Path) -> None:
    """Train in a process that may take so many bytes of memory more than it has."""
    torch.set_num_threads(1)
    module = wide()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    most = pages * resource.getpagesize() + extra_bytes
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    report = train(module, batches, WIDE, 2, "cpu")
    torch.save({"micro_batch": report.micro_batch, **module.state_dict()}, result)


def test_a_network_that_does_not_fit_is_trained_all_the_same(tmp_path: Path) -> None:
    """Memory really runs out; the network ends as it does where there is enough."""
    process = multiprocessing.get_context("spawn").Process(
        target=_train_within, args=(150_000_000, tmp_path / "trained.pt")
    )
    process.start()
    process.join()
    assert process.exitcode == 0
    found = torch.load(tmp_path / "trained.pt", weights_only=True)
    assert found.pop("micro_batch") in (2, 4, 8, 16, 32)
    module = wide()
    assert train(module, batches, WIDE, 2, "cpu").micro_batch is None
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(found[name], tensor, rtol=1e-4, atol=1e-6)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_network_that_does_not_fit_its_share_of_a_gpu_is_trained_all_the_same() -> None:
    """As above, on a GPU: the process keeps to 150 MB."""
    on_gpu = [(images.cuda(), labels.cuda()) for images, labels in batches(0)]
    plain = WIDE.model_copy(update={"amp": False})
    _, total = torch.cuda.mem_get_info()
    whole, cut = wide(), wide()
    assert train(whole, lambda _: on_gpu, plain, 2, "cuda").micro_batch is None
    whole.cpu()
    with share_of_gpu(total // 300_000_000):
        report = train(cut, lambda _: on_gpu, plain, 2, "cuda")
        cut.cpu()
    assert report.micro_batch in (2, 4, 8, 16)
    for one, other in zip(cut.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-4)  # TF32
