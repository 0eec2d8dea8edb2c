"""Whether the report of a large sweep stays fluid: 5,000 candidates in a real browser.

Writes a store as a sweep of that size would leave it (rows by the Parquet tracker, a
`structure.json` for each stage), renders its report, and drives headless Chromium, which draws
WebGL on the CPU. Times in the browser are from the start of the navigation, or from the event, to
the second frame after it.

    python -m benchmarks.report
"""

import argparse
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from playwright.sync_api import Page, sync_playwright
from rich.console import Console
from rich.table import Table

from tatl_search.config import AdaptationConfig, SweepSettings
from tatl_search.errors import InfeasibleReason
from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder, SweepManifest
from tatl_search.nets.widths import widths_of
from tatl_search.nets.zoo import construct
from tatl_search.records import CandidateRecord, Kind, StopReason, TrialRecord, TrialState
from tatl_search.results.report import write_report
from tatl_search.results.store import load_sweep
from tatl_search.search.importance import importance_of
from tatl_search.tracking.parquet import ParquetTracker

CHROMIUM = "/usr/bin/chromium"
NETWORK = "timm/tf_efficientnet_lite0"
ROUNDS = 7
UNPRUNED = {"macs": 31_400_000, "parameters": 3_380_000, "size_bytes": 13_700_000}
LAUNCH = datetime(2026, 1, 1, tzinfo=UTC)
SPACE = {
    "prune": {
        "threshold": {"low": 0.7, "high": 0.95, "step": 0.05},
        "rate": {"low": 0.1, "high": 0.4, "step": 0.05},
        "priority": {"macs": {"low": 0.0, "high": 2.0, "step": 0.5}},
    },
    "retrain": {"learning_rate": {"low": 0.001, "high": 0.1, "log": True}},
}

FRAMES = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"
LOADED = f"async () => {{ await {FRAMES}; return performance.now(); }}"
SWITCHED = f"""async ([id, key]) => {{
  const select = document.getElementById(id);
  const start = performance.now();
  select.value = key;
  select.dispatchEvent(new Event("change"));
  await {FRAMES};
  return performance.now() - start;
}}"""
CHOSEN = f"""async (row) => {{
  const start = performance.now();
  choose(row);
  await {FRAMES};
  return performance.now() - start;
}}"""
SWITCHES = (
    ("across", "parameters"),
    ("upwards", "loss"),
    ("across", "latency_ms"),
    ("upwards", "accuracy"),
    ("across", "size_bytes"),
    ("across", "macs"),
)


@dataclass(frozen=True)
class Figure:
    """One line of the table.

    Attributes:
        what: was measured.
        found: the number, with its unit.
        claim: what it should be.
    """

    what: str
    found: str
    claim: str = ""


def main() -> None:
    """Make the store, render, drive the browser and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--candidates", type=int, default=5000, help="default 5000")
    parser.add_argument("--turns", type=int, default=3, help="times the page is opened (3)")
    given = parser.parse_args()
    with TemporaryDirectory() as folder:
        sweep = SweepFolder(Path(folder) / "large")
        fill(sweep, trials=given.candidates // (ROUNDS + 1))
        path, rendering = rendered(sweep)
        table = Table("what", "found", "claim")
        for figure in (*rendering, *browsed(path, given.turns)):
            table.add_row(figure.what, figure.found, figure.claim)
    Console().print(f"{os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}", table)


def fill(sweep: SweepFolder, trials: int) -> None:
    """Write a sweep's folder: manifest, rows and structures."""
    sweep.root.mkdir(parents=True)
    sweep.manifest.write_text(manifest(trials).to_yaml(), encoding="utf-8")
    tracker, generator = ParquetTracker(sweep), np.random.default_rng(0)
    whole = widths_of(construct(NETWORK, {"num_classes": 10}))
    for trial in range(trials):
        rows = list(trajectory(trial, generator))
        for row in rows:
            tracker.candidate(row)
            write_structure(sweep, row, whole)
        tracker.trial(ending(rows[-1], generator))


def manifest(trials: int) -> SweepManifest:
    """Return the sweep as it would have been launched."""
    objectives = (ACCURACY, MACS)
    return SweepManifest(
        name="large",
        created_at=LAUNCH.isoformat(),
        sweep=SweepSettings(trials=trials, objectives=objectives),
        space=SPACE,
        reference={MACS: UNPRUNED["macs"]},
    )


def settings_of(generator: np.random.Generator) -> AdaptationConfig:
    """Return settings that the space could have drawn."""
    return AdaptationConfig.model_validate(
        {
            "prune": {
                "threshold": 0.7 + 0.05 * int(generator.integers(6)),
                "rate": 0.1 + 0.05 * int(generator.integers(7)),
                "priority": {"macs": 0.5 * int(generator.integers(5))},
            },
            "retrain": {"learning_rate": float(10 ** generator.uniform(-3, -1))},
        }
    )


def trajectory(trial: int, generator: np.random.Generator) -> Iterator[CandidateRecord]:
    """Yield the rounds of a trial: costs fall by its rate, accuracy at first hardly."""
    config = settings_of(generator)
    skill = generator.normal(0.0, 0.02)
    for number in range(ROUNDS + 1):
        share = ((1.0 - config.prune.rate) * generator.normal(1.0, 0.01)) ** number
        accuracy = 0.93 - 0.35 * (1.0 - share) ** 6 + skill * (1.0 - share)
        after = LAUNCH + timedelta(minutes=10 * trial / 4 + number)
        yield replace(
            blank(trial, number, config),
            stage="root" if number == 0 else f"{trial:05d}{number:02d}",
            accuracy=round(float(np.clip(accuracy, 0.1, 1.0)), 3),
            loss=float(1.0 - accuracy + generator.normal(0.3, 0.02)),
            macs=round(UNPRUNED["macs"] * share),
            parameters=round(UNPRUNED["parameters"] * share),
            size_bytes=round(UNPRUNED["size_bytes"] * share),
            latency_ms=1.0 + 7.0 * share + float(generator.normal(0.0, 0.1)),
            created_at=after.isoformat(),
        )


def blank(trial: int, number: int, config: AdaptationConfig) -> CandidateRecord:
    """Return a row without figures."""
    kind = Kind.PRUNED if number else Kind.UNPRUNED
    return CandidateRecord(
        sweep="large", kind=kind, label=f"trial {trial} round {number}", trial=trial, round=number,
        stage="", accuracy=0.0, loss=0.0, val_images=1000, macs=0, parameters=0, size_bytes=0,
        latency_ms=None, image_size=64, network=NETWORK, units_pruned=100, units_left=5000,
        images_trained=1000, images_without_reuse=1000, images_forward=500, seconds=9.0,
        reused=False, settings=config.model_dump_json(), plan="", device="cpu", created_at="",
    )  # fmt: skip


def ending(last: CandidateRecord, generator: np.random.Generator) -> TrialRecord:
    """Return how a trial ended: one in ten was stopped, one in twenty collapsed."""
    drawn = generator.random()
    state = (
        TrialState.INFEASIBLE if drawn < 0.05
        else TrialState.STOPPED if drawn < 0.15
        else TrialState.COMPLETE
    )  # fmt: skip
    reasons = {
        TrialState.STOPPED: StopReason.BELOW_FRONT,
        TrialState.COMPLETE: StopReason.MAX_ROUNDS,
    }
    collapsed = InfeasibleReason.COLLAPSED if state is TrialState.INFEASIBLE else None
    return TrialRecord(
        sweep="large", trial=last.trial or 0, state=state, stop_reason=reasons.get(state),
        infeasible_reason=collapsed, detail="made up", rounds=ROUNDS, attempts=1,
        settings=last.settings, seconds=80.0, created_at=last.created_at,
    )  # fmt: skip


def write_structure(
    sweep: SweepFolder, row: CandidateRecord, whole: Mapping[str, Mapping[str, int]]
) -> None:
    """Write the structure of a stage, all layers narrowed alike."""
    share = (row.macs / UNPRUNED["macs"]) ** 0.5
    widths = {
        name: {key: max(1, round(width * share)) for key, width in sizes.items()}
        for name, sizes in whole.items()
    }
    path = sweep.stages / row.stage / "structure.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    structure = {"version": 1, "network": NETWORK, "widths": widths, "image_size": 64}
    path.write_text(json.dumps(structure, indent=1), encoding="utf-8")


def rendered(sweep: SweepFolder) -> tuple[Path, list[Figure]]:
    """Return the report's path and what it took to write it."""
    start = time.perf_counter()
    results = load_sweep(sweep.root)
    read = time.perf_counter()
    importance = importance_of(results)
    weighed = time.perf_counter()
    path = write_report(results, importance)
    written = time.perf_counter()
    return path, [
        Figure("candidates, trials", f"{len(results.candidates)}, {len(results.trials)}"),
        Figure("rows read", f"{read - start:.1f} s"),
        Figure("importance computed", f"{weighed - read:.1f} s"),
        Figure("report written", f"{written - weighed:.1f} s"),
        Figure("its size", f"{path.stat().st_size / 1e6:.1f} MB"),
    ]


def browsed(path: Path, turns: int) -> Iterator[Figure]:
    """Yield the times in the browser; the medians count."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        loads: list[float] = []
        switches: dict[tuple[str, str], list[float]] = {switch: [] for switch in SWITCHES}
        clicks: list[float] = []
        for _ in range(turns):
            page = browser.new_page(viewport={"width": 1360, "height": 1000})
            loads.append(opened(page, path))
            for switch, times in switches.items():
                times.append(measured(page, SWITCHED, list(switch)))
            clicks.append(measured(page, CHOSEN, 1234))
            page.close()
        browser.close()
    yield Figure("page loaded and drawn", seconds(loads), "< 3 s")
    for (axis, key), times in switches.items():
        yield Figure(f"axis {axis} to {key}", seconds(times), "< 0.3 s")
    yield Figure("card of a network", seconds(clicks), "< 0.3 s")


def opened(page: Page, path: Path) -> float:
    """Open the report and return the milliseconds until it is drawn."""
    page.goto(path.as_uri())
    return measured(page, LOADED, None)


def measured(page: Page, script: str, argument: Any) -> float:
    """Return the milliseconds that a script measures."""
    return float(page.evaluate(script, argument))


def seconds(times: list[float]) -> str:
    """Return median and range of milliseconds, in seconds."""
    median, low, high = (f(times) / 1000.0 for f in (np.median, np.min, np.max))
    return f"{median:.2f} s ({low:.2f} to {high:.2f})"


if __name__ == "__main__":
    main()
