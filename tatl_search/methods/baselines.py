"""The methods that every pruning paper compares with, as named pairs."""

from tatl_search.config import AdaptationConfig
from tatl_search.errors import InputError
from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.uniform import uniform
from tatl_search.methods.method import Method
from tatl_search.methods.scores import (
    activation,
    apoz,
    bn_scale,
    fpgm,
    l1,
    l2,
    random_units,
    taylor,
)

RANDOM = Method(
    name="random",
    title="Random filters",
    source="what any other method has to beat",
    score=random_units.SCORE,
    allocation=uniform,
)

L1 = Method(
    name="l1",
    title="Pruning Filters for Efficient ConvNets",
    source="Li, Kadav, Durdanovic, Samet, Graf 2017, arXiv 1608.08710",
    score=l1.SCORE,
    allocation=uniform,
)

L2 = Method(
    name="l2",
    title="Global ranking by L2 norm",
    source="the baseline of Chin, Ding, Zhang, Marculescu 2020, arXiv 1904.12368",
    score=l2.SCORE,
    allocation=global_ranking,
)


def _check_sparsity(config: AdaptationConfig) -> None:
    if config.finetune.sparsity == config.retrain.sparsity == 0.0:
        raise InputError(
            "prune.method: 'slimming' ranks batch-norm scales that training has pushed towards 0,"
            " but finetune.sparsity and retrain.sparsity are both 0; set at least one of them,"
            " such as 0.0001"
        )


SLIMMING = Method(
    name="slimming",
    title="Learning Efficient Convolutional Networks through Network Slimming",
    source="Liu, Li, Shen, Huang, Yan, Zhang 2017, arXiv 1708.06519",
    score=bn_scale.SCORE,
    allocation=global_ranking,
    needs="finetune.sparsity or retrain.sparsity above 0",
    check=_check_sparsity,
)

APOZ = Method(
    name="apoz",
    title="Network Trimming: A Data-Driven Neuron Pruning Approach",
    source="Hu, Peng, Tai, Tang 2016, arXiv 1607.03250",
    score=apoz.SCORE,
    allocation=global_ranking,
)

FPGM = Method(
    name="fpgm",
    title="Filter Pruning via Geometric Median",
    source="He, Liu, Wang, Hu, Yang 2019, arXiv 1811.00250",
    score=fpgm.SCORE,
    allocation=uniform,
)

TAYLOR = Method(
    name="taylor",
    title="Importance Estimation for Neural Network Pruning",
    source="Molchanov, Mallya, Tyree, Frosio, Kautz 2019, arXiv 1906.10771",
    score=taylor.SCORE,
    allocation=global_ranking,
)

ACTIVATION = Method(
    name="activation",
    title="Global ranking by mean activation",
    source="the statistics of TATL without its threshold and priority",
    score=activation.SCORE,
    allocation=global_ranking,
)
