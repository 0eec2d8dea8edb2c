"""Training against steps taken by hand, and what it must leave alone."""

import copy
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.config import NetworkSettings, RetrainSettings, TrainingSettings
from tatl_search.errors import InfeasibleError, InfeasibleReason
from tatl_search.nets.finetune import distillation_loss, label_loss, parameter_groups, train
from tatl_search.nets.zoo import build
from tests.nets.lively import some_images

PLAIN: dict[str, Any] = {
    "epochs": 1,
    "learning_rate": 0.5,
    "momentum": 0.0,
    "weight_decay": 0.0,
    "schedule": "constant",
    "clip_norm": None,
}
# Two images of two values each, one of each class.
IMAGES = torch.tensor([[1.0, 0.0], [0.0, 2.0]]).view(2, 2, 1, 1)
LABELS = torch.tensor([0, 1])
Batch = tuple[Tensor, Tensor]


def linear(weight: float = 0.0) -> nn.Sequential:
    module = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    nn.init.constant_(module.get_parameter("1.weight"), weight)
    nn.init.zeros_(module.get_parameter("1.bias"))
    return module


def same(*batches: Batch) -> Callable[[int], Iterator[Batch]]:
    return lambda epoch: iter(batches)


def weight_after(settings: TrainingSettings, module: nn.Sequential) -> list[list[float]]:
    train(module, same((IMAGES, LABELS)), settings, 1, "cpu")
    rows: list[list[float]] = module.get_parameter("1.weight").tolist()
    return rows


def test_one_step_by_hand() -> None:
    """Both classes at 1/2: the gradient is the mean of (1/2 - label) x image."""
    module = linear()
    weight = weight_after(TrainingSettings(**PLAIN), module)
    assert weight == [[0.125, -0.25], [-0.125, 0.25]]
    assert module.get_parameter("1.bias").tolist() == [0.0, 0.0]


def test_nesterov_momentum_lengthens_the_first_step() -> None:
    weight = weight_after(TrainingSettings(**PLAIN | {"momentum": 0.5}), linear())
    assert weight == [[0.1875, -0.375], [-0.1875, 0.375]]


def test_decay_shrinks_weights_but_no_bias() -> None:
    module = linear(weight=1.0)
    nn.init.ones_(module.get_parameter("1.bias"))
    weight = weight_after(TrainingSettings(**PLAIN | {"weight_decay": 0.2}), module)
    assert weight[0] == pytest.approx([1.0 - 0.5 * 0.2 + 0.125, 1.0 - 0.5 * 0.2 - 0.25])
    assert module.get_parameter("1.bias").tolist() == [1.0, 1.0]


def test_adamws_first_step_is_the_learning_rate() -> None:
    weight = weight_after(TrainingSettings(**PLAIN | {"optimizer": "adamw"}), linear())
    assert np.abs(weight) == pytest.approx(np.full((2, 2), 0.5))


def test_clipping_bounds_the_step() -> None:
    weight = weight_after(TrainingSettings(**PLAIN | {"clip_norm": 0.1}), linear())
    assert np.linalg.norm(weight) == pytest.approx(0.5 * 0.1, rel=1e-4)


def test_the_schedule_runs_over_all_epochs() -> None:
    """Two epochs of one step: cosine at a quarter and at three quarters."""
    module, settings = linear(), TrainingSettings(**PLAIN | {"epochs": 2, "schedule": "cosine"})
    by_hand = linear()
    for share in ((1 + math.sqrt(0.5)) / 2, (1 - math.sqrt(0.5)) / 2):
        loss = F.cross_entropy(by_hand(IMAGES), LABELS)
        for parameter, step in zip(
            by_hand.parameters(),
            torch.autograd.grad(loss, list(by_hand.parameters())),
            strict=True,
        ):
            parameter.data -= 0.5 * share * step
    assert weight_after(settings, module) == pytest.approx(
        np.asarray(by_hand.get_parameter("1.weight").tolist())
    )


def test_counts_and_losses() -> None:
    """Of batches of 2, 1 and 2 images, the single one is left out."""
    single = (IMAGES[:1], LABELS[:1])
    settings = TrainingSettings(**PLAIN | {"epochs": 3, "learning_rate": 1e-12})
    report = train(linear(), same((IMAGES, LABELS), single, (IMAGES, LABELS)), settings, 3, "cpu")
    assert report.images_trained == 3 * 4
    assert report.images_forward == 0
    assert report.mean_loss_by_epoch == pytest.approx([math.log(2)] * 3)


def test_smoothed_labels() -> None:
    module = linear()
    module.get_parameter("1.weight").data = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    settings = TrainingSettings(**PLAIN | {"label_smoothing": 0.2})
    report = train(module, same((IMAGES, LABELS)), settings, 1, "cpu")
    losses = [  # 0.9 of the label, 0.1 of the other class; the scores are 1 and 0, 0 and 2
        math.log(math.exp(high) + 1) - 0.9 * high for high in (1, 2)
    ]
    assert report.mean_loss_by_epoch == pytest.approx([sum(losses) / 2])


def test_shares_of_classes_are_labels_too() -> None:
    """Three quarters of one class, a quarter of the other; the scores are 1 and 0, 0 and 2."""
    module = linear()
    module.get_parameter("1.weight").data = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    shares = torch.tensor([[0.75, 0.25], [0.25, 0.75]])
    report = train(module, same((IMAGES, shares)), TrainingSettings(**PLAIN), 1, "cpu")
    losses = [math.log(math.exp(high) + 1) - 0.75 * high for high in (1, 2)]
    assert report.mean_loss_by_epoch == pytest.approx([sum(losses) / 2])
    assert report.images_trained == 2


def test_class_weights_by_hand() -> None:
    """Both classes at 1/2: each image costs log 2, times the weight of its class."""
    weights = torch.tensor([0.5, 2.0])
    settings = TrainingSettings(**PLAIN)
    module = linear()
    report = train(module, same((IMAGES, LABELS)), settings, 1, "cpu", class_weights=weights)
    assert report.mean_loss_by_epoch == pytest.approx([math.log(2) * (0.5 + 2.0) / 2])
    # The mean of weight x (1/2 - label) x image, as in the step without weights.
    assert module.get_parameter("1.weight").tolist() == [[0.0625, -0.5], [-0.0625, 0.5]]


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 999), smoothing=st.sampled_from([0.0, 0.1]), weighted=st.booleans())
def test_a_label_is_all_of_one_class(seed: int, smoothing: float, weighted: bool) -> None:
    """Labels and shares mean the same, with class weights and without; both against numpy."""
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randn(6, 4, generator=generator)
    labels = torch.randint(4, (6,), generator=generator)
    weights = torch.rand(4, generator=generator) + 0.1 if weighted else None
    shares = F.one_hot(labels, 4).float()
    found = label_loss(scores, labels, smoothing, weights)
    torch.testing.assert_close(label_loss(scores, shares, smoothing, weights), found)
    logs = scores.double().numpy()
    logs = logs - np.log(np.exp(logs).sum(1, keepdims=True))
    smooth = shares.numpy() * (1 - smoothing) + smoothing / 4
    by_class = np.ones(4) if weights is None else weights.numpy()
    assert float(found) == pytest.approx(-(smooth * logs * by_class).sum() / 6, rel=1e-5)


def test_without_weights_the_loss_is_torchs_mean() -> None:
    scores = torch.randn(7, 3, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(7) % 3
    torch.testing.assert_close(
        label_loss(scores, labels, 0.1), F.cross_entropy(scores, labels, label_smoothing=0.1)
    )


def test_distillation_loss_by_hand() -> None:
    student, teacher = np.array([[1.0, 0.0], [0.0, 3.0]]), np.array([[0.0, 2.0], [1.0, 1.0]])

    def softened(scores: np.ndarray[Any, np.dtype[np.float64]]) -> Any:
        exps = np.exp(scores / 4.0)
        return exps / exps.sum(axis=1, keepdims=True)

    p, q = softened(teacher), softened(student)
    expected = 16.0 * float((p * np.log(p / q)).sum(axis=1).mean())
    found = distillation_loss(torch.tensor(student), torch.tensor(teacher), 4.0)
    assert float(found) == pytest.approx(expected, rel=1e-12)


def test_distillation_follows_the_teacher() -> None:
    teacher, student = linear(), linear()
    teacher.get_parameter("1.weight").data = torch.tensor([[2.0, 0.0], [0.0, -3.0]])
    teacher.train()
    before = copy.deepcopy(teacher.state_dict())
    settings = RetrainSettings(
        **PLAIN | {"epochs": 400, "distillation_weight": 1.0, "distillation_temperature": 2.0}
    )
    report = train(student, same((IMAGES, LABELS)), settings, 1, "cpu", teacher)
    torch.testing.assert_close(
        student(IMAGES).softmax(dim=1), teacher(IMAGES).softmax(dim=1), atol=0.01, rtol=0
    )
    assert report.mean_loss_by_epoch[-1] < 1e-4 < report.mean_loss_by_epoch[0]
    assert report.images_forward == report.images_trained == 800
    assert teacher.training
    assert all(torch.equal(before[name], t) for name, t in teacher.state_dict().items())


def test_without_weight_the_teacher_is_not_asked() -> None:
    report = train(linear(), same((IMAGES, LABELS)), RetrainSettings(**PLAIN), 1, "cpu", linear())
    assert report.images_forward == 0


def test_a_share_of_the_loss_is_the_teachers() -> None:
    student, teacher = linear(weight=0.0), linear()
    teacher.get_parameter("1.weight").data = torch.tensor([[2.0, 0.0], [0.0, -3.0]])
    with torch.no_grad():
        distance = float(distillation_loss(student(IMAGES), teacher(IMAGES), 4.0))
    settings = RetrainSettings(**PLAIN | {"distillation_weight": 0.25})
    report = train(student, same((IMAGES, LABELS)), settings, 1, "cpu", teacher)
    assert report.mean_loss_by_epoch[0] == pytest.approx(0.75 * math.log(2) + 0.25 * distance)


def test_frozen_stays_frozen_and_modes_come_back() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(144, 2))
    module[0].requires_grad_(False)
    module.eval()
    module[1].train()
    before = copy.deepcopy(module.state_dict())
    settings = TrainingSettings(**PLAIN | {"weight_decay": 0.1, "momentum": 0.9})
    train(module, same((some_images(4, 8), torch.tensor([0, 1, 0, 1]))), settings, 1, "cpu")
    changed = {n for n, t in module.state_dict().items() if not torch.equal(t, before[n])}
    assert changed.isdisjoint({"0.weight", "0.bias"})
    assert {"1.running_mean", "1.weight", "3.weight"} <= changed
    assert [part.training for part in module.modules()] == [False, False, True, False, False]
    assert [p.requires_grad for p in module.parameters()] == [False] * 2 + [True] * 4


def test_dropout_is_on_while_training() -> None:
    module = nn.Sequential(nn.Dropout(0.5), *linear(weight=1.0)).eval()
    torch.manual_seed(0)
    images = torch.arange(64.0).view(32, 2, 1, 1)
    settings = TrainingSettings(**PLAIN)
    labels = torch.zeros(32, dtype=torch.long)
    train(module, same((images, labels)), settings, 1, "cpu")
    with_dropout = module.get_parameter("2.weight").clone()
    plain = linear(weight=1.0)
    train(plain, same((images, labels)), settings, 1, "cpu")
    assert not torch.allclose(with_dropout, plain.get_parameter("1.weight"))


def test_a_real_network_learns_and_does_so_twice_alike() -> None:
    """Two classes of noise around opposite means, which any network should tell apart."""
    labels = torch.arange(16) % 2
    images = some_images(16, 32) * 0.5 + (labels * 2.0 - 1.0).view(16, 1, 1, 1)
    settings = TrainingSettings(epochs=8, batch_size=8, learning_rate=0.05)
    batches = same((images[:8], labels[:8]), (images[8:], labels[8:]))
    states = []
    for _ in range(2):
        torch.manual_seed(0)
        network = NetworkSettings(name="timm/tf_efficientnet_lite0", weights="embedded")
        module = build(network, 2, 32).module
        report = train(module, batches, settings, 2, "cpu")
        states.append(module.state_dict())
    assert report.mean_loss_by_epoch[-1] < 0.3 < 0.55 < report.mean_loss_by_epoch[0]
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in states[0].items())


def test_an_exploding_loss_is_a_result() -> None:
    settings = TrainingSettings(**PLAIN | {"epochs": 3, "learning_rate": 1e38})
    with pytest.raises(InfeasibleError, match=r"learning rate 1e\+38") as caught:
        train(linear(weight=1.0), same((IMAGES * 1e6, LABELS)), settings, 1, "cpu")
    assert caught.value.reason is InfeasibleReason.NAN_LOSS


def test_weights_that_explode_in_the_last_step_are_seen() -> None:
    settings = TrainingSettings(**PLAIN | {"learning_rate": 3e38})
    with pytest.raises(InfeasibleError, match=r"1\.weight is not finite after epoch 1 of 1"):
        train(linear(), same((IMAGES * 10, LABELS)), settings, 1, "cpu")


def test_out_of_memory_is_a_result() -> None:
    module = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Upsample(scale_factor=2**20), nn.Flatten())
    settings = TrainingSettings(**PLAIN | {"batch_size": 2})
    with pytest.raises(InfeasibleError, match="training with batches of 2 images") as caught:
        train(module, same((some_images(2, 8), LABELS)), settings, 1, "cpu")
    assert caught.value.reason is InfeasibleReason.OUT_OF_MEMORY


def test_misuse_is_said() -> None:
    plain = TrainingSettings(**PLAIN)
    with pytest.raises(ValueError, match="no batch of at least two"):
        train(linear(), same(), plain, 1, "cpu")
    with pytest.raises(ValueError, match="nothing to train"):
        train(linear().requires_grad_(False), same((IMAGES, LABELS)), plain, 1, "cpu")
    settings = RetrainSettings(**PLAIN | {"distillation_weight": 0.5})
    with pytest.raises(ValueError, match="no teacher"):
        train(linear(), same((IMAGES, LABELS)), settings, 1, "cpu")


def test_norms_and_biases_do_not_decay() -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    decaying, resting = parameter_groups(module, 0.1)
    assert (decaying["weight_decay"], resting["weight_decay"]) == (0.1, 0.0)
    assert decaying["params"] == [module.get_parameter("0.weight")]
    assert len(list(module.parameters())) == 4


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_mixed_precision_learns_on_a_gpu() -> None:
    labels = (torch.arange(16) % 2).cuda()
    images = some_images(16, 32).cuda() * 0.5 + (labels * 2.0 - 1.0).view(16, 1, 1, 1)
    network = NetworkSettings(name="timm/tf_efficientnet_lite0", weights="embedded")
    module = build(network, 2, 32).module
    report = train(module, same((images, labels)), TrainingSettings(epochs=8), 1, "cuda")
    assert report.mean_loss_by_epoch[-1] < 0.5 * report.mean_loss_by_epoch[0]
    assert all(parameter.dtype == torch.float32 for parameter in module.parameters())
