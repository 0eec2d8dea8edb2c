"""Random scores: the stage's seed decides them."""

import dataclasses

import torch

from tatl_search.methods.scores import random_units
from tests.methods.contexts import context_of
from tests.nets.lively import Chain, some_images


def test_the_seed_of_the_stage_decides() -> None:
    context = context_of(Chain(), some_images(1, 8), torch.zeros(1, dtype=torch.int64))
    first, again, other = (
        random_units.SCORE.run(each).by_group["0"].tolist()
        for each in (context, context, dataclasses.replace(context, seed=4))
    )
    assert first == again != other
