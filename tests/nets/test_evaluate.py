"""Evaluation against figures a reader can check."""

import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tatl_search.nets.evaluate import evaluate

# Two classes; the scores are the pixels themselves.
SCORES = torch.tensor([[2.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 0.0]])
LABELS = torch.tensor([0, 1, 1, 0])  # right, right, wrong, right (a tie goes to the first)


def batches(*sizes: int) -> list[tuple[Tensor, Tensor]]:
    images = SCORES.view(4, 2, 1, 1)
    cuts = list(sizes)
    return list(zip(torch.split(images, cuts), torch.split(LABELS, cuts), strict=True))


def test_four_images_by_hand() -> None:
    losses = [
        -math.log(math.exp(2) / (math.exp(2) + 1)),
        -math.log(math.exp(1) / (math.exp(1) + 1)),
        -math.log(1 / (math.exp(3) + 1)),
        -math.log(1 / 2),
    ]
    evaluation = evaluate(nn.Flatten(), batches(4))
    assert evaluation.accuracy == 0.75
    assert evaluation.val_images == 4
    assert evaluation.loss == pytest.approx(sum(losses) / 4, rel=1e-12)


def test_every_class_counts_alike_by_hand() -> None:
    """Six images of class 0, five of them right, and two of class 1, one of them right.

    Precision and recall are 5/6 for class 0 and 1/2 for class 1; nothing is of class 2.
    """
    labels = torch.tensor([0, 0, 0, 0, 0, 0, 1, 1])
    answers = torch.tensor([0, 0, 0, 0, 0, 1, 1, 0])
    images = F.one_hot(answers, 3).float()[:, :, None, None]
    found = evaluate(nn.Flatten(), [(images, labels)])
    assert found.accuracy == 0.75
    assert found.macro_f1 == pytest.approx((5 / 6 + 1 / 2) / 2)
    assert found.balanced_accuracy == pytest.approx((5 / 6 + 1 / 2) / 2)
    # Class 2 said once costs precision, of which recall knows nothing.
    answers[0] = 2
    images = F.one_hot(answers, 3).float()[:, :, None, None]
    found = evaluate(nn.Flatten(), [(images, labels)])
    assert found.balanced_accuracy == pytest.approx((4 / 6 + 1 / 2) / 2)
    assert found.macro_f1 == pytest.approx((8 / 11 + 1 / 2 + 0) / 3)


@pytest.mark.parametrize("sizes", [(1, 3), (3, 1), (2, 2), (1, 1, 1, 1)])
def test_a_short_last_batch_does_not_count_too_much(sizes: tuple[int, ...]) -> None:
    cut, whole = evaluate(nn.Flatten(), batches(*sizes)), evaluate(nn.Flatten(), batches(4))
    assert cut.accuracy == whole.accuracy
    assert cut.loss == pytest.approx(whole.loss, rel=1e-12)


def test_evaluates_in_eval_mode_and_brings_the_modes_back() -> None:
    module = nn.Sequential(nn.Dropout(0.999), nn.BatchNorm2d(2, eps=0.0), nn.Flatten())
    module.train()
    module[1].eval()
    assert evaluate(module, batches(4)) == evaluate(nn.Flatten(), batches(4))
    assert [part.training for part in module] == [True, False, True]
    assert int(module[1].get_buffer("num_batches_tracked")) == 0


def test_a_score_that_is_not_finite_shows_in_the_loss() -> None:
    images = torch.full((2, 2, 1, 1), torch.nan)
    assert math.isnan(evaluate(nn.Flatten(), [(images, torch.tensor([0, 1]))]).loss)


def test_no_images() -> None:
    with pytest.raises(ValueError, match="no images"):
        evaluate(nn.Flatten(), [])
