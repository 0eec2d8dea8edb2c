"""The figures of an exported network, measured."""

from dataclasses import asdict, dataclass
from typing import Any

from tatl_search.core.confidence import wilson_interval
from tatl_search.deploy.parity import Parity
from tatl_search.deploy.wording import points
from tatl_search.records import CandidateRecord


@dataclass(frozen=True)
class Accuracy:
    """A measured accuracy.

    Attributes:
        accuracy: share of the images classified correctly.
        low: lower end of its 95 % interval (Wilson).
        high: upper end.
        images: number of images.
    """

    accuracy: float
    low: float
    high: float
    images: int

    @classmethod
    def measured(cls, accuracy: float, images: int) -> "Accuracy":
        """Return the accuracy with its interval."""
        low, high = wilson_interval(accuracy, images)
        return cls(accuracy=accuracy, low=low, high=high, images=images)

    def __str__(self) -> str:
        return f"{self.accuracy:.4f} (95 % interval {self.low:.4f} to {self.high:.4f})"


@dataclass(frozen=True)
class Figures:
    """What one network reaches and costs.

    Attributes:
        macs: multiply-accumulates of one image.
        parameters: number of parameters.
        size_bytes: bytes of the stored weights.
        validation: accuracy on the images the search chose by.
        test: accuracy on images opened only for the export.
    """

    macs: int
    parameters: int
    size_bytes: int
    validation: Accuracy
    test: Accuracy

    @classmethod
    def of(cls, record: CandidateRecord, test: Accuracy) -> "Figures":
        """Return the figures of a recorded candidate whose test accuracy was measured."""
        return cls(
            macs=record.macs,
            parameters=record.parameters,
            size_bytes=record.size_bytes,
            validation=Accuracy.measured(record.accuracy, record.val_images),
            test=test,
        )

    @property
    def gap(self) -> float:
        """Validation accuracy minus test accuracy: how far the choice overfits, plus chance."""
        return self.validation.accuracy - self.test.accuracy

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {**asdict(self), "validation_minus_test": self.gap}


@dataclass(frozen=True)
class Measurements:
    """Everything measured for one export.

    Attributes:
        picked: the exported network; its test accuracy is that of `model.onnx`.
        unpruned: the network it was pruned from.
        earlier_openings: how often the test split had been opened for this sweep before.
        parity: ONNX Runtime against torch, on validation images.
        onnx_bytes: size of `model.onnx`.
    """

    picked: Figures
    unpruned: Figures
    earlier_openings: int
    parity: Parity
    onnx_bytes: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            **asdict(self),
            "picked": self.picked.to_dict(),
            "unpruned": self.unpruned.to_dict(),
        }

    def __str__(self) -> str:
        lines = [
            f"test accuracy {self.picked.test}; unpruned {self.unpruned.test}",
            f"validation minus test: {points(self.picked.gap)};"
            f" unpruned {points(self.unpruned.gap)}",
            str(self.parity),
        ]
        if self.earlier_openings:
            lines.append(
                f"the test split had been opened {self.earlier_openings} times before for this"
                " sweep: each time its accuracy says less of new images"
            )
        return "\n".join(lines)
