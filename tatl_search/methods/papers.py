"""Methods of papers that are a score and an allocation, and nothing besides."""

from tatl_search.methods.allocations.global_ranking import global_ranking
from tatl_search.methods.allocations.legr import legr
from tatl_search.methods.allocations.priority import priority
from tatl_search.methods.method import Method
from tatl_search.methods.scores import activation, l2, transtailor

TATL = Method(
    name="tatl",
    title="Target Aware Network Adaptation for Efficient Representation Learning",
    source="Zhong, Li, Okada, Maki 2018, arXiv 1810.01104",
    score=activation.SCORE,
    allocation=priority,
)

LEGR = Method(
    name="legr",
    title="Towards Efficient Model Compression via Learned Global Ranking",
    source="Chin, Ding, Zhang, Marculescu 2020, arXiv 1904.12368",
    score=l2.SQUARED,
    allocation=legr,
)

TRANSTAILOR = Method(
    name="transtailor",
    title="TransTailor: Pruning the Pre-trained Model for Improved Transfer Learning",
    source="Liu, Cai, Guo, Chen 2021, arXiv 2103.01542",
    score=transtailor.SCORE,
    allocation=global_ranking,
)
