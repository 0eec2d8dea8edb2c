"""The formats a network is exported in, by name."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from torch.export import ExportedProgram

from tatl_search.deploy.export import write_onnx, write_pt2
from tatl_search.deploy.parity import Classifier, onnx_classifier, pt2_classifier
from tatl_search.errors import RunError, TatlError
from tatl_search.registry import Registry


@dataclass(frozen=True)
class ExportFormat:
    """A file that holds a network for some runtime.

    Attributes:
        name: as in `--format`.
        file: name of the file in the exported folder.
        runtime: what runs it, for people.
        write: writes a traced network, whose input is float (N, 3, S, S) and whose output is
            (N, classes), to a path.
        classifier: returns the written file as a function from (N, 3, S, S) normalised images, any
            N, to (N, classes) logits, by which its parity with the network is proven.
        use: for the model card, Markdown: how the file is run.
    """

    name: str
    file: str
    runtime: str
    write: Callable[[ExportedProgram, Path], None]
    classifier: Callable[[Path], Classifier]
    use: str = ""

    def export(self, program: ExportedProgram, folder: Path) -> Classifier:
        """Write a network into a folder and return what was written as a classifier.

        Raises:
            RunError: the network cannot be written or read in this format.
        """
        path = folder / self.file
        if path.name != self.file or path.exists():
            raise RunError(
                f"the export format '{self.name}' would write {self.file!r}, which is no name of"
                " a file of its own in the exported folder"
            )
        try:
            self.write(program, path)
            return self.classifier(path)
        except TatlError:
            raise
        except Exception as error:  # a plug-in's own code
            why = f"{type(error).__name__}: {error}"
            raise RunError(
                f"the network cannot be exported in the format '{self.name}': {why}"
            ) from error


ONNX = ExportFormat("onnx", "model.onnx", "ONNX Runtime", write_onnx, onnx_classifier)

PT2 = ExportFormat(
    "pt2",
    "model.pt2",
    "model.pt2",
    write_pt2,
    pt2_classifier,
    'With torch: `torch.export.load("model.pt2").module()`; load a `.pt2` only from those you'
    " trust,\nsince torch may unpickle what others put into one.",
)

FORMATS: Registry[ExportFormat] = Registry(
    "export format",
    "--format",
    "tatl_search.exports",
    "tatl_search.deploy.formats:ExportFormat",
    {known.name: known for known in (ONNX, PT2)},
)


def formats_of(names: Sequence[str]) -> tuple[ExportFormat, ...]:
    """Return the formats of every export and those that are asked for besides, in order.

    ONNX is written first, since all that is measured is measured by it, and .pt2 last, since that
    takes away from the traced network.

    Raises:
        InputError: there is no such format, or a plug-in cannot be used.
    """
    every = dict.fromkeys((ONNX.name, *(name for name in names if name != PT2.name), PT2.name))
    return tuple(FORMATS[name] for name in every)
