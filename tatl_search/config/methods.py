"""Ways to choose filters, by name: methods, and the scores and allocations they are made of."""

from typing import Any

from tatl_search.registry import Registry

METHODS: Registry[Any] = Registry(
    "method",
    "prune.method",
    "tatl_search.methods",
    "tatl_search.methods.method:Method",
    {
        "tatl": "tatl_search.methods.papers:TATL",
        "random": "tatl_search.methods.baselines:RANDOM",
        "l1": "tatl_search.methods.baselines:L1",
        "l2": "tatl_search.methods.baselines:L2",
        "slimming": "tatl_search.methods.baselines:SLIMMING",
        "apoz": "tatl_search.methods.baselines:APOZ",
        "fpgm": "tatl_search.methods.baselines:FPGM",
        "taylor": "tatl_search.methods.baselines:TAYLOR",
        "activation": "tatl_search.methods.baselines:ACTIVATION",
        "spectral": "tatl_search.methods.spectral:SPECTRAL",
        "spectral_da": "tatl_search.methods.spectral:SPECTRAL_DA",
        "wealthadapt": "tatl_search.methods.wealth:METHOD",
        "legr": "tatl_search.methods.papers:LEGR",
        "transtailor": "tatl_search.methods.papers:TRANSTAILOR",
    },
)

SCORES: Registry[Any] = Registry(
    "score",
    "prune.score",
    "tatl_search.scores",
    "tatl_search.methods.method:Score",
    {
        "activation": "tatl_search.methods.scores.activation:SCORE",
        "random": "tatl_search.methods.scores.random_units:SCORE",
        "l1": "tatl_search.methods.scores.l1:SCORE",
        "l2": "tatl_search.methods.scores.l2:SCORE",
        "l2_squared": "tatl_search.methods.scores.l2:SQUARED",
        "bn_scale": "tatl_search.methods.scores.bn_scale:SCORE",
        "apoz": "tatl_search.methods.scores.apoz:SCORE",
        "fpgm": "tatl_search.methods.scores.fpgm:SCORE",
        "taylor": "tatl_search.methods.scores.taylor:SCORE",
        "spectral": "tatl_search.methods.scores.spectral:SCORE",
        "spectral_da": "tatl_search.methods.scores.spectral:DA_SCORE",
        "transtailor": "tatl_search.methods.scores.transtailor:SCORE",
    },
)

ALLOCATIONS: Registry[Any] = Registry(
    "allocation",
    "prune.allocation",
    "tatl_search.allocations",
    "tatl_search.methods.context:Allocation",
    {
        "priority": "tatl_search.methods.allocations.priority:priority",
        "uniform": "tatl_search.methods.allocations.uniform:uniform",
        "global": "tatl_search.methods.allocations.global_ranking:global_ranking",
        "legr": "tatl_search.methods.allocations.legr:legr",
    },
)
