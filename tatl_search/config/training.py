"""Settings of a piece of training."""

from typing import Annotated, Literal

from pydantic import Field

from tatl_search.config.base import Count, Positive, Settings


class TrainingSettings(Settings):
    """One piece of training. Every piece starts a fresh optimiser and schedule.

    Attributes:
        epochs: passes over the training images.
        batch_size: images of one step.
        optimizer: stochastic gradient descent with momentum, or AdamW.
        learning_rate: the greatest of the schedule.
        momentum: of `sgd`, by Nesterov's rule; of `adamw`, its first beta.
        weight_decay: of weights; scales, shifts and biases do not decay.
        schedule: of the learning rate over the steps of this piece.
        label_smoothing: share of each label that is spread over all classes.
        sparsity: weight in the loss of the sum of |scale| over all batch-norms (Liu et al. 2017,
            arXiv 1708.06519); 0 switches it off.
        clip_norm: greatest norm of the gradient; null switches clipping off.
        amp: automatic mixed precision, used on GPUs only.
    """

    epochs: Count = 3
    batch_size: Annotated[int, Field(ge=2)] = 32
    optimizer: Literal["sgd", "adamw"] = "sgd"
    learning_rate: Positive = 0.05
    momentum: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.9
    weight_decay: Annotated[float, Field(ge=0.0)] = 1e-4
    schedule: Literal["one_cycle", "cosine", "constant"] = "one_cycle"
    label_smoothing: Annotated[float, Field(ge=0.0, lt=1.0)] = 0.0
    sparsity: Annotated[float, Field(ge=0.0)] = 0.0
    clip_norm: Positive | None = 5.0
    amp: bool = True


class RetrainSettings(TrainingSettings):
    """The fine-tuning after each pruning.

    Attributes:
        learning_rate_exponent: small networks want higher learning rates: the rate is divided by
            the share of the unpruned network's MACs that is left, to this power. 0.25 makes it 1.8
            times as high at a tenth of the MACs, and 3.2 times at a hundredth.
        distillation_weight: share of the loss that follows the unpruned fine-tuned network's
            outputs (Hinton et al. 2015, arXiv 1503.02531); 0 switches it off.
        distillation_temperature: softens both outputs before they are compared.
    """

    epochs: Count = 1
    learning_rate: Positive = 0.03
    learning_rate_exponent: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    distillation_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.0
    distillation_temperature: Positive = 4.0

    def at_share(self, macs_share: float) -> "RetrainSettings":
        """Return these settings with the learning rate of a network of this size.

        Args:
            macs_share: its MACs as a share of the unpruned network's.
        """
        rate = self.learning_rate / macs_share**self.learning_rate_exponent
        return self.model_copy(update={"learning_rate": rate, "learning_rate_exponent": 0.0})


class FinishSettings(Settings):
    """The fine-tuning after the last pruning, as `retrain` says but longer.

    Attributes:
        epochs: of one piece; 0 leaves the network as its last round left it. Stopping criteria
            do not count them.
        pieces: how many pieces follow each other, each with a schedule and a candidate of its
            own, so that a longer finishing continues a shorter one (warm restarts: Loshchilov
            and Hutter 2017, arXiv 1608.03983).
        learning_rate: of these pieces; null takes that of `retrain`.
    """

    epochs: Annotated[int, Field(ge=0)] = 0
    pieces: Count = 1
    learning_rate: Positive | None = None

    @property
    def networks(self) -> int:
        """How many networks finishing adds."""
        return self.pieces if self.epochs else 0
