"""A small sweep made by hand: an unpruned network with random weights, and it pruned once."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch

from tatl_search.adaptation.candidate import Candidate
from tatl_search.adaptation.stages import Stage, StageMetrics, StageStore
from tatl_search.config import AdaptationConfig, DataSettings, NetworkSettings, SweepSettings
from tatl_search.core.plan import PrunePlan
from tatl_search.core.spent import NOTHING
from tatl_search.data.batches import InputForm, evaluation_batches
from tatl_search.data.sources import load_target
from tatl_search.data.target import TargetData
from tatl_search.deploy.bundle import BundleReport, write_bundle
from tatl_search.figures import Evaluated, fields_of
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.nets.cost import count_macs, count_parameters, size_bytes
from tatl_search.nets.evaluate import evaluate
from tatl_search.nets.groups import find_groups
from tatl_search.nets.structure import save_network
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import LoadedNetwork, build
from tatl_search.records import CandidateRecord
from tatl_search.results.store import SweepResults, load_sweep
from tests.nets.lively import enliven, random_plan

SIZE = 32
CONFIG = AdaptationConfig(
    data=DataSettings(image_size=SIZE, per_class=4),
    network=NetworkSettings(name="torchvision/resnet18", weights="random"),
)


@dataclass(frozen=True)
class ToySweep:
    """A sweep with two stages, their records, and the data."""

    results: SweepResults
    unpruned: CandidateRecord
    picked: CandidateRecord
    target: TargetData

    @property
    def folder(self) -> SweepFolder:
        """Where it lies."""
        return self.results.folder


def manifest() -> SweepManifest:
    """Return what `sweep.yaml` of the toy says."""
    return SweepManifest(
        name="toy",
        created_at="2026-01-01T00:00:00+00:00",
        sweep=SweepSettings(trials=4),
        space={},
        reference={},
    )


def store(sweep: SweepFolder, key: str, network: LoadedNetwork, target: TargetData) -> Stage:
    """Store a network as a stage of a sweep."""

    def compute(folder: Path) -> StageMetrics:
        save_network(folder, network, target.class_names, SIZE)
        batches = evaluation_batches(target.val, 64, InputForm(SIZE, network.preprocessing, "cpu"))
        found = evaluate(network.module, batches)
        return StageMetrics(
            **fields_of(Evaluated, found),
            macs=count_macs(network.module, SIZE),
            parameters=count_parameters(network.module),
            size_bytes=size_bytes(network.module),
            widths={group.name: group.width for group in find_groups(network.module, SIZE)},
            images_trained=0,
            images_forward=found.val_images,
            seconds=0.0,
            device="cpu",
        )

    return StageStore(sweep.stages).get_or_compute(key, "trial 3", compute)


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_sweep(root: Path, config: AdaptationConfig = CONFIG, prunings: int = 1) -> ToySweep:
    """Make a sweep of an unpruned network with random weights, and it pruned so many times."""
    folder = SweepFolder(root)
    target = load_target(config.data)
    torch.manual_seed(0)
    network = build(config.network, len(target.class_names), SIZE)
    enliven(network.module, SIZE)
    unpruned = store(folder, "root", network, target)
    for seed in range(prunings):
        groups = find_groups(network.module, SIZE)
        plan = random_plan(groups, seed=seed, share=0.6)
        prune(network.module, groups, plan)
    enliven(network.module, SIZE)
    pruned = store(folder, "pruned", network, target)

    def record(round_: int, stage: Stage, plan: PrunePlan) -> CandidateRecord:
        made = Candidate(round_, stage, plan, "trial 3", None, NOTHING, None)
        return made.record(config, "toy", 3)

    folder.manifest.write_text(manifest().to_yaml(), encoding="utf-8")
    results = load_sweep(folder.root)
    return ToySweep(results, record(0, unpruned, PrunePlan(())), record(1, pruned, plan), target)


@pytest.fixture(scope="session")
def toy(tmp_path_factory: pytest.TempPathFactory) -> ToySweep:
    return make_sweep(tmp_path_factory.mktemp("sweeps") / "toy")


@pytest.fixture(scope="session")
def bundle(toy: ToySweep, tmp_path_factory: pytest.TempPathFactory) -> BundleReport:
    """The pruned network, exported once for all tests, into an empty folder that exists."""
    destination = tmp_path_factory.mktemp("out") / "bundle"
    destination.mkdir()
    return write_bundle(
        destination, toy.results, toy.picked, toy.unpruned, toy.target, "the knee of the front"
    )
