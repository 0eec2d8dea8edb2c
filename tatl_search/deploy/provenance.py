"""How an exported network was found."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tatl_search.deploy.restore import root_threads
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults


@dataclass(frozen=True)
class Provenance:
    """The search that led to a network.

    Attributes:
        why: why it was picked.
        sampler: who proposed the settings.
        trials: adaptations that had ended.
        candidates: networks that had been evaluated.
        cpus_per_trial: torch threads of a trial.
        root_threads: torch threads of the first fine-tuning.
        environment: versions, machine and revision of the search; empty where unknown.
    """

    why: str
    sampler: str
    trials: int
    candidates: int
    cpus_per_trial: int
    root_threads: int
    environment: Mapping[str, Any]

    @classmethod
    def of(cls, results: SweepResults, picked: CandidateRecord, why: str) -> "Provenance":
        """Return how a network of this sweep, picked for this reason, was found."""
        manifest = results.manifest
        return cls(
            why=why,
            sampler=manifest.sweep.sampler,
            trials=len(results.trials),
            candidates=len(results.candidates),
            cpus_per_trial=manifest.sweep.cpus_per_trial,
            root_threads=root_threads(manifest, picked),
            environment=results.environment,
        )

    @property
    def versions(self) -> str:
        """Versions of what decides the numbers, for people; empty where unknown."""
        packages = self.environment.get("packages", {})
        names = ("tatl-search", "torch", "torchvision", "timm")
        return ", ".join(f"{name} {packages[name]}" for name in names if name in packages)
