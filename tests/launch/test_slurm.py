"""The sbatch files on a real Slurm: a job is cancelled, submitted again, and ends the sweep."""

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.integration.audit import audit
from tests.integration.drivers import faulty_space, running
from tests.launch.slurm import Slurm, missing, slurm

CHECKOUT = Path(__file__).parents[2]
NEXT = "next: tatl-search pick"
"""What the sweep prints below its front."""

pytestmark = [
    pytest.mark.soak,
    pytest.mark.skipif(bool(missing()), reason=missing()),
    pytest.mark.timeout(3000),
]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Slurm]:
    root = tmp_path / "slurm"
    root.mkdir()
    with slurm(root) as found:
        yield found


def submit(cluster: Slurm, script: str, folder: Path, *options: str) -> str:
    """Submit a sweep from the checkout as people do; return the number of the job."""
    space = folder / "space.yaml"
    space.write_text(yaml.safe_dump(faulty_space(trials=3)))
    return cluster.run(
        "sbatch", "--parsable", f"--chdir={CHECKOUT}", f"--output={folder}/%j.out",
        "--nodes=1", "--cpus-per-task=1", "--mem-per-cpu=100", *options,
        CHECKOUT / "launch" / "slurm" / script, space, "task",
        env={
            "VENV": sys.prefix, "SWEEP_STORAGE": str(folder / "sweeps"),
            "LAUNCH": str(CHECKOUT / "launch" / "slurm"), "HEAD_ADDRESS": "127.0.0.1",
            "OMP_NUM_THREADS": "1",
        },
    )  # fmt: skip


def test_a_cancelled_job_leaves_nothing_and_the_next_goes_on(
    cluster: Slurm, tmp_path: Path
) -> None:
    candidates = tmp_path / "sweeps" / "task" / "candidates"
    first = submit(cluster, "shared.sbatch", tmp_path)
    while not list(candidates.glob("*.parquet")):
        assert cluster.state(first) in ("PENDING", "RUNNING"), output(tmp_path, first)
        time.sleep(0.5)
    cluster.run("scancel", first)
    assert cluster.wait(first) == "CANCELLED"
    temporary = f"/tmp/ray-{first}"
    assert not Path(temporary).exists()
    assert not [process for process in running() if temporary in process.command]
    stored = {path.name: path.read_bytes() for path in candidates.glob("*.parquet")}

    second = submit(cluster, "shared.sbatch", tmp_path)
    assert cluster.wait(second) == "COMPLETED", output(tmp_path, second)
    assert NEXT in output(tmp_path, second)
    assert audit(tmp_path / "sweeps" / "task").faults == ()
    assert {name: (candidates / name).read_bytes() for name in stored} == stored
    assert not Path(f"/tmp/ray-{second}").exists()


def test_a_job_whose_sweep_fails_fails(cluster: Slurm, tmp_path: Path) -> None:
    job = submit(cluster, "shared.sbatch", tmp_path, "--time=30")
    (tmp_path / "space.yaml").write_text("prune: {rate: 2}")
    assert cluster.wait(job) == "FAILED"
    assert "prune.rate" in output(tmp_path, job)


def output(folder: Path, job: str) -> str:
    path = folder / f"{job}.out"
    return path.read_text() if path.exists() else "no output"
