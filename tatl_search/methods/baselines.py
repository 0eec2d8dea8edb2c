"""The methods that every pruning paper compares with, as named pairs."""

from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.uniform import uniform
from tatl_search.methods.method import Method
from tatl_search.methods.scores import l1, l2

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

BASELINES = (L1, L2)
