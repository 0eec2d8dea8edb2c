"""Learning a second task: its head, its loss and what is counted."""

import itertools
import math

import torch
from torch import Tensor, nn
from torch.nn import functional

from tatl_search.config import TrainingSettings
from tatl_search.nets.finetune import train
from tatl_search.nets.second_task import SecondTask
from tests.nets.lively import some_images

SETTINGS = TrainingSettings(
    epochs=1, learning_rate=0.1, momentum=0.0, weight_decay=0.0, schedule="constant", clip_norm=None
)
LABELS = torch.tensor([0, 1, 1, 0])
OTHERS = torch.tensor([2, 0])


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2))


def second(module: nn.Module, weight: float) -> SecondTask:
    batches = itertools.repeat((some_images(2, 8) + 1.0, OTHERS))
    return SecondTask(module, batches, classes=3, weight=weight)


def test_one_step_by_hand() -> None:
    """The gradient is that of the target's loss plus the weighted one of the other images."""
    module, by_hand, images = network(), network(), some_images(4, 8)
    task = second(module, weight=0.5)
    head = nn.Linear(4, 3)
    head.load_state_dict(task.head.state_dict())
    report = train(module, lambda _: [(images, LABELS)], SETTINGS, 1, "cpu", second=task)

    others = head(by_hand[:3](some_images(2, 8) + 1.0))
    loss = functional.cross_entropy(by_hand(images), LABELS)
    loss = loss + 0.5 * functional.cross_entropy(others, OTHERS)
    loss.backward()  # type: ignore[no-untyped-call]
    for found, expected in zip([*module.parameters()], [*by_hand.parameters()], strict=True):
        assert expected.grad is not None
        torch.testing.assert_close(found, expected - 0.1 * expected.grad)
    assert head.weight.grad is not None
    stepped = head.weight - 0.1 * head.weight.grad
    torch.testing.assert_close(_weight(task), stepped)
    assert math.isclose(report.mean_loss_by_epoch[0], float(loss.detach()), rel_tol=1e-5)
    assert report.images_trained == 4 + 2


def test_without_weight_only_the_head_of_its_own_stays() -> None:
    """A weight of almost nothing trains the network as if there were no second task."""
    plain, joint, images = network(), network(), some_images(4, 8)
    train(plain, lambda _: [(images, LABELS)], SETTINGS, 1, "cpu")
    report = train(
        joint, lambda _: [(images, LABELS)], SETTINGS, 1, "cpu", second=second(joint, 1e-12)
    )
    for one, other in zip(plain.parameters(), joint.parameters(), strict=True):
        torch.testing.assert_close(one, other)
    assert report.images_trained == 6
    assert [name for name, _ in joint.named_modules()] == ["", "0", "1", "2", "3"]


def _weight(task: SecondTask) -> Tensor:
    assert isinstance(task.head, nn.Linear)
    return task.head.weight
