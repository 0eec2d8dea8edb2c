"""Drawing adaptations from a space, with Optuna as it will be used and by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import optuna
import pytest

from tatl_search.errors import InputError
from tatl_search.space import load_space, space_from_raw

SPACE = {
    "seed": 3,
    "finetune": {
        "optimizer": {
            "choices": {
                "sgd": {"learning_rate": {"low": 0.01, "high": 0.1, "log": True}},
                "adamw": {"learning_rate": {"low": 1e-4, "high": 1e-2}, "weight_decay": 0.01},
            }
        },
        "batch_size": {"low": 8, "high": 64, "step": 8},
    },
    "prune": {"rate": {"low": 0.1, "high": 0.4, "step": 0.05}, "threshold": 0.8},
    "stop": {"max_drop": {"choices": [None, 0.05]}},
}


class FromTrial:
    """A search space's questions, put to Optuna."""

    def __init__(self, trial: optuna.Trial) -> None:
        self.trial = trial

    def uniform(
        self, name: str, low: float, high: float, log: bool, step: float | None, integer: bool
    ) -> float:
        if integer:
            stride = int(step or 1)
            return self.trial.suggest_int(name, int(low), int(high), log=log, step=stride)
        return self.trial.suggest_float(name, low, high, log=log, step=step)

    def categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return self.trial.suggest_categorical(name, choices)


def new_study() -> optuna.Study:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))


def test_draws_lie_in_the_space_and_conditional_ones_are_asked_only_then() -> None:
    space = space_from_raw(SPACE)
    study, seen = new_study(), set()
    for _ in range(60):
        trial = study.ask()
        config = space.sample(FromTrial(trial))
        optimizer = config.finetune.optimizer
        seen.add(optimizer)
        assert set(trial.params) == {
            "finetune.optimizer",
            f"finetune.optimizer={optimizer}.learning_rate",
            "finetune.batch_size",
            "prune.rate",
            "stop.max_drop",
        }
        low, high = (0.01, 0.1) if optimizer == "sgd" else (1e-4, 1e-2)
        assert low <= config.finetune.learning_rate <= high
        assert config.finetune.weight_decay == (1e-4 if optimizer == "sgd" else 0.01)
        assert config.finetune.batch_size in range(8, 65, 8)
        assert config.prune.rate == pytest.approx(round(config.prune.rate * 20) / 20)
        assert config.stop.max_drop in (None, 0.05)
        assert (config.seed, config.prune.threshold) == (3, 0.8)
    assert seen == {"sgd", "adamw"}


def test_parameters_by_name() -> None:
    assert [name for name, _ in space_from_raw(SPACE).parameters] == [
        "finetune.optimizer",
        "finetune.optimizer=sgd.learning_rate",
        "finetune.optimizer=adamw.learning_rate",
        "finetune.batch_size",
        "prune.rate",
        "stop.max_drop",
    ]


def test_single_needs_values(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("seed: 2\nprune:\n  rate: {low: 0.1, high: 0.2}\n  threshold: 0.7\n")
    with pytest.raises(InputError, match=r"a\.yaml:3: prune\.rate: .* --set prune\.rate=VALUE"):
        load_space(path).single()

    config = load_space(path, ["prune.rate=0.15"]).single()
    assert (config.seed, config.prune.rate, config.prune.threshold) == (2, 0.15, 0.7)


def test_draws_that_do_not_go_together() -> None:
    """A file's check goes option by option: first with first, second with second."""
    space = space_from_raw(
        {
            "data": {
                "source": {"choices": ["digits", "folder"]},
                "path": {"choices": [None, "here"]},
            }
        }
    )
    study = new_study()
    study.enqueue_trial({"data.source": "folder", "data.path": "here"})
    assert space.sample(FromTrial(study.ask())).data.path == "here"
    study.enqueue_trial({"data.source": "folder", "data.path": None})
    with pytest.raises(InputError, match="do not go together: data: source 'folder' needs a path"):
        space.sample(FromTrial(study.ask()))
