"""What it costs that threads wait for each other by looking again and again: a step of training.

On an idle machine, and beside processes that keep one CPU in two busy; each figure is of a process
of its own.

    python -m benchmarks.threads
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

WAITS: Mapping[str, Mapping[str, str]] = {
    "libgomp's default": {"GOMP_SPINCOUNT": "300000"},
    "tatl_search's, 1,000 looks": {},
    "none (`OMP_WAIT_POLICY=passive`)": {"OMP_WAIT_POLICY": "passive"},
}
SECONDS = 15.0
IMAGES, SIDE = 32, 24


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--step", type=int, help="only: ms a step with so many threads")
    given = parser.parse_args()
    if given.step:
        print(f"{step_ms(given.step):.0f}")
        return
    cpus = os.cpu_count() or 1
    print(f"{cpus} CPUs, load {os.getloadavg()[0]:.1f}\n")
    print("| threads | waiting | ms a step, idle | ms a step, busy |\n|---|---|---|---|")
    print(f"| 1 | | {measured(1, {})} | {beside(cpus, 1, {})} |", flush=True)
    for name, environment in WAITS.items():
        idle, busy = measured(cpus, environment), beside(cpus, cpus, environment)
        print(f"| {cpus} | {name} | {idle} | {busy} |", flush=True)


def beside(cpus: int, threads: int, environment: Mapping[str, str]) -> str:
    """Return the milliseconds of a step while one CPU in two has other work."""
    with busy(max(1, cpus // 2)):
        return measured(threads, environment)


def measured(threads: int, environment: Mapping[str, str]) -> str:
    """Return the milliseconds of a step, of a new process."""
    command = [sys.executable, "-m", "benchmarks.threads", "--step", str(threads)]
    done = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Keep so many CPUs busy."""
    loops = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def step_ms(threads: int) -> float:
    """Return the milliseconds of a step of training EfficientNet-Lite0, the first ones left out."""
    import tatl_search  # noqa: F401, I001 - it says how threads wait, before torch is loaded
    import torch

    from tatl_search.config import NetworkSettings
    from tatl_search.nets.zoo import build

    torch.set_num_threads(threads)
    settings = NetworkSettings(name="timm/tf_efficientnet_lite0", weights="random")
    module = build(settings, 10, SIDE).module.train()
    optimizer = torch.optim.SGD(module.parameters(), lr=1e-3)
    images, labels = torch.randn(IMAGES, 3, SIDE, SIDE), torch.randint(0, 10, (IMAGES,))

    def step() -> None:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(images), labels)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    step()
    steps, started = 0, time.perf_counter()
    while (taken := time.perf_counter() - started) < SECONDS:
        step()
        steps += 1
    return taken / steps * 1e3


if __name__ == "__main__":
    main()
