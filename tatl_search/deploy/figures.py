"""The figures of an exported network, measured."""

from dataclasses import asdict, dataclass
from typing import Any

from tatl_search.core.accuracy import Accuracy
from tatl_search.deploy.confusion import Confusion
from tatl_search.deploy.shipped.verify import Parity
from tatl_search.deploy.wording import points
from tatl_search.figures import FIGURES, Figures, Origin
from tatl_search.records import CandidateRecord


@dataclass(frozen=True)
class Reached:
    """What one network reaches and costs.

    Attributes:
        found: its row's figures; what was evaluated is of the images the search chose by.
        test: accuracy on images opened only for the export.
        saw_validation: whether it was trained on the validation images.
    """

    found: Figures
    test: Accuracy
    saw_validation: bool = False

    @classmethod
    def of(cls, record: CandidateRecord, test: Accuracy) -> "Reached":
        """Return the figures of a recorded candidate whose test accuracy was measured."""
        return cls(found=record, test=test, saw_validation=record.saw_validation)

    @property
    def validation(self) -> Accuracy:
        """Accuracy on the images the search chose by."""
        return Accuracy.measured(self.found.accuracy, self.found.val_images)

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
        of = {origin: self._known(origin) for origin in Origin}
        return {
            **of[Origin.COUNTED],
            **of[Origin.ESTIMATED],
            "validation": {**of[Origin.EVALUATED], **asdict(self.validation)},
            "test": asdict(self.test),
            "saw_validation": self.saw_validation,
            "validation_minus_test": None if self.saw_validation else self.gap,
        }

    def _known(self, origin: Origin) -> dict[str, Any]:
        """Return the figures that come from there, by key, as far as they are known."""
        values = {
            key: getattr(self.found, key)
            for key, figure in FIGURES.items()
            if figure.origin is origin
        }
        return {key: value for key, value in values.items() if value is not None}


@dataclass(frozen=True)
class Proof:
    """How far an exported file lies from the network, on validation images.

    Attributes:
        format: name of the export format.
        runtime: what runs the file, for people.
        parity: what was found.
    """

    format: str
    runtime: str
    parity: Parity

    def __str__(self) -> str:
        return f"{self.runtime} against torch: {self.parity}"


@dataclass(frozen=True)
class Opening:
    """What the test split said when it was opened for the export.

    Attributes:
        picked: the exported network; its test accuracy is that of `model.onnx`.
        unpruned: the network it was pruned from.
        confusion: which classes `model.onnx` takes for which.
        earlier_openings: how often the test split had been opened for this sweep before.
    """

    picked: Reached
    unpruned: Reached
    confusion: Confusion
    earlier_openings: int


@dataclass(frozen=True)
class Measurements:
    """Everything measured for one export.

    Attributes:
        test: both networks on the test split.
        proofs: the exported files against the network, `model.onnx` first.
        onnx_bytes: size of `model.onnx`.
    """

    test: Opening
    proofs: tuple[Proof, ...]
    onnx_bytes: int

    @property
    def picked(self) -> Reached:
        """Figures of the exported network."""
        return self.test.picked

    @property
    def unpruned(self) -> Reached:
        """Figures of the network it was pruned from."""
        return self.test.unpruned

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "picked": self.picked.to_dict(),
            "unpruned": self.unpruned.to_dict(),
            "earlier_openings": self.test.earlier_openings,
            "parity": {proof.format: asdict(proof.parity) for proof in self.proofs},
            "onnx_bytes": self.onnx_bytes,
            "test": self.test.confusion.to_dict(),
        }

    def __str__(self) -> str:
        lines = [
            f"test accuracy {self.picked.test}; unpruned {self.unpruned.test}",
            f"validation minus test: {self.picked.gap_in_words};"
            f" unpruned {self.unpruned.gap_in_words}",
            *map(str, self.proofs),
        ]
        if earlier := self.test.earlier_openings:
            lines.append(
                f"the test split had been opened {earlier} times before for this sweep: each time"
                " its accuracy says less of new images"
            )
        return "\n".join(lines)
