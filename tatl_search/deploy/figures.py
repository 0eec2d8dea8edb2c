"""The figures of an exported network, measured."""

from dataclasses import asdict, dataclass
from typing import Any

from tatl_search.deploy.accuracy import Accuracy
from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.shipped.verify import Parity
from tatl_search.deploy.wording import points
from tatl_search.records import CandidateRecord


@dataclass(frozen=True)
class Figures:
    """What one network reaches and costs.

    Attributes:
        macs: multiply-accumulates of one image.
        parameters: number of parameters.
        size_bytes: bytes of the stored weights.
        validation: accuracy on the images the search chose by.
        test: accuracy on images opened only for the export.
        saw_validation: whether it was trained on the validation images.
    """

    macs: int
    parameters: int
    size_bytes: int
    validation: Accuracy
    test: Accuracy
    saw_validation: bool = False

    @classmethod
    def of(cls, record: CandidateRecord, test: Accuracy) -> "Figures":
        """Return the figures of a recorded candidate whose test accuracy was measured."""
        return cls(
            macs=record.macs,
            parameters=record.parameters,
            size_bytes=record.size_bytes,
            validation=Accuracy.measured(record.accuracy, record.val_images),
            test=test,
            saw_validation=record.saw_validation,
        )

    @property
    def gap(self) -> float:
        """Validation accuracy minus test accuracy: how far the choice overfits, plus chance."""
        return self.validation.accuracy - self.test.accuracy

    @property
    def validation_in_words(self) -> str:
        """The validation accuracy for people, if it says anything."""
        return "trained on" if self.saw_validation else str(self.validation)

    @property
    def gap_in_words(self) -> str:
        """The gap for people; there is none where validation was trained on."""
        return "trained on" if self.saw_validation else points(self.gap)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        gap = None if self.saw_validation else self.gap
        return {**asdict(self), "validation_minus_test": gap}


@dataclass(frozen=True)
class Proof:
    """How far the exported files lie from the network, on validation images.

    Attributes:
        onnx: `model.onnx` run by ONNX Runtime.
        pt2: `model.pt2` run by torch.
    """

    onnx: Parity
    pt2: Parity

    def __str__(self) -> str:
        return f"ONNX Runtime against torch: {self.onnx}\nmodel.pt2 against torch: {self.pt2}"


@dataclass(frozen=True)
class Opening:
    """What the test split said when it was opened for the export.

    Attributes:
        picked: the exported network; its test accuracy is that of `model.onnx`.
        unpruned: the network it was pruned from.
        confusion: which classes `model.onnx` takes for which.
        earlier_openings: how often the test split had been opened for this sweep before.
    """

    picked: Figures
    unpruned: Figures
    confusion: Confusion
    earlier_openings: int


@dataclass(frozen=True)
class Measurements:
    """Everything measured for one export.

    Attributes:
        test: both networks on the test split.
        parity: the exported files against the network.
        onnx_bytes: size of `model.onnx`.
    """

    test: Opening
    parity: Proof
    onnx_bytes: int

    @property
    def picked(self) -> Figures:
        """Figures of the exported network."""
        return self.test.picked

    @property
    def unpruned(self) -> Figures:
        """Figures of the network it was pruned from."""
        return self.test.unpruned

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "picked": self.picked.to_dict(),
            "unpruned": self.unpruned.to_dict(),
            "earlier_openings": self.test.earlier_openings,
            "parity": asdict(self.parity),
            "onnx_bytes": self.onnx_bytes,
            "test": self.test.confusion.to_dict(),
        }

    def __str__(self) -> str:
        lines = [
            f"test accuracy {self.picked.test}; unpruned {self.unpruned.test}",
            f"validation minus test: {self.picked.gap_in_words};"
            f" unpruned {self.unpruned.gap_in_words}",
            str(self.parity),
        ]
        if earlier := self.test.earlier_openings:
            lines.append(
                f"the test split had been opened {earlier} times before for this sweep: each time"
                " its accuracy says less of new images"
            )
        return "\n".join(lines)
