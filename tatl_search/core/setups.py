"""In which way networks were run when they were measured; readable without any library."""

from collections.abc import Sequence
from dataclasses import dataclass

from tatl_search.records import LatencyRecord, Runtime


@dataclass(frozen=True)
class Setup:
    """On what and how networks were run.

    Attributes:
        device: name of the CPU or GPU.
        runtime: what ran them.
        batch: images of one pass.
        threads: of the CPU; null on a GPU.
    """

    device: str
    runtime: Runtime
    batch: int
    threads: int | None

    @classmethod
    def of(cls, record: LatencyRecord) -> "Setup":
        """Return how a measured network was run."""
        return cls(record.device, record.runtime, record.batch, record.threads)

    @property
    def parts(self) -> tuple[str, ...]:
        """What names it, for people."""
        threads = () if self.threads is None else (_count(self.threads, "thread"),)
        return (self.device, self.runtime.value, f"batch {self.batch}", *threads)

    def __str__(self) -> str:
        return ", ".join(self.parts)

    def is_meant_by(self, words: Sequence[str]) -> bool:
        """Whether each of some words is a part of the device's name, or names another part."""
        device, *others = (part.casefold() for part in self.parts)
        return all(word in device or word in others for word in words)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")
