"""The verb that measures: latency."""

import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tatl_search.cli.options import AsJson, Overrides, console, messages, path_of, print_json
from tatl_search.errors import InputError
from tatl_search.files import check_writable

if TYPE_CHECKING:
    from tatl_search.deploy.stopwatch import Schedule
    from tatl_search.deploy.ways import LatencyRequest
    from tatl_search.records import CandidateRecord, LatencyRecord
    from tatl_search.results.store import SweepResults

BUSY, NOISY = 0.5, 0.1
"""Load of the machine, and difference of a network's blocks, beyond which a warning is given."""

# What runs here on a machine without torch imports nothing but onnxruntime and numpy.


def latency(  # noqa: PLR0913 - a verb has as many options as people need
    what: Annotated[
        Path,
        typer.Argument(
            metavar="WHAT",
            help="A sweep's folder, an exported folder or, with --table, a search space.",
            parser=path_of("WHAT"),
        ),
    ],
    front: Annotated[
        bool, typer.Option("--front/--all", help="Of a sweep: the front and the unpruned, or all.")
    ] = True,
    device: Annotated[str, typer.Option(help="On what: cpu or cuda.")] = "cpu",
    runtime: Annotated[
        str, typer.Option(help="What runs them; an exported folder: ONNX Runtime only.")
    ] = "onnxruntime,torch",
    batch: Annotated[str, typer.Option(help="Images of one pass; several sizes: 1,32.")] = "1,32",
    threads: Annotated[int, typer.Option(min=1, help="Threads of the CPU.")] = 1,
    blocks: Annotated[
        int, typer.Option(min=2, help="How often each network's turn comes: more, less noise.")
    ] = 5,
    table: Annotated[
        bool,
        typer.Option(
            "--table", metavar="", help="Measure the layers of a search space's networks."
        ),
    ] = False,
    overrides: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option(
            help="File to write what an exported folder or a table gave to.",
            parser=path_of("--output"),
        ),
    ] = None,
    profile: Annotated[
        Path | None,
        typer.Option(
            "--import",
            help="Such a file of an exported folder, for a sweep.",
            parser=path_of("--import"),
        ),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Measure how long networks take, alone on this machine.

    Networks take turns in random order, so that noise is seen; what was measured before in the
    same way is not measured again. Afterwards `pick --max-latency-ms` goes by it.

    An exported folder is measured with only onnxruntime and numpy: copy it to the device that
    will run it, and bring the file back with `--import`. A table of a search space, measured
    beforehand, serves a sweep's estimates: `sweep.latency_table`.

    ```
    tatl-search latency sweeps/quickstart --batch 1,32 --threads 1
    tatl-search latency my-network --output profile.json
    tatl-search latency sweeps/quickstart --import profile.json
    tatl-search latency --table my_task.yaml --output layers.json
    ```
    """
    request = _request(device, runtime, batch, threads)
    if output is not None:
        check_writable(output)
    if profile is not None:
        _bring_back(what, profile, as_json)
    elif table:
        _table(what, overrides, request, output, as_json)
    elif (what / "sweep.yaml").is_file():
        _measure_sweep(what, front, request, _schedule(blocks), as_json)
    elif what.is_dir():
        _measure_folder(what, request, _schedule(blocks), output, as_json)
    else:
        raise InputError(
            f"{what} is no sweep and no exported folder; the layers of a search space are"
            " measured with --table"
        )


def _request(device: str, runtimes: str, batches: str, threads: int) -> "LatencyRequest":
    from tatl_search.deploy.ways import DeviceType, LatencyRequest
    from tatl_search.records import Runtime

    if device not in list(DeviceType):
        raise InputError(f"--device is {' or '.join(DeviceType)} (got '{device}')")
    names = runtimes.split(",")
    if unknown := [name for name in names if name not in list(Runtime)]:
        raise InputError(f"--runtime is of {', '.join(Runtime)} (got '{unknown[0]}')")
    if not all(size.isdecimal() for size in batches.split(",")):
        raise InputError(f"--batch should be numbers, such as 1,32 (got '{batches}')")
    return LatencyRequest(
        DeviceType(device),
        tuple(map(Runtime, dict.fromkeys(names))),
        tuple(map(int, dict.fromkeys(batches.split(",")))),
        threads,
    )


def _schedule(blocks: int) -> "Schedule":
    from tatl_search.deploy.stopwatch import Schedule

    return Schedule(blocks)


def _measure_sweep(
    sweep: Path, front: bool, request: "LatencyRequest", schedule: "Schedule", as_json: bool
) -> None:
    from tatl_search.deploy.latency import measure_candidates
    from tatl_search.results.front import front_of
    from tatl_search.results.latency import measured_latency
    from tatl_search.results.store import load_sweep
    from tatl_search.search.lock import is_driven, only_driver

    results = load_sweep(sweep)
    if is_driven(results.folder):
        raise InputError(
            f"{sweep} is running: what is measured beside its trials says more about them than"
            " about the networks. Measure when it has ended."
        )
    chosen = _with_unpruned(results, front_of(results).distinct()) if front else results.candidates
    _warn_if_busy()
    _warn_of_others_on(request.device)
    with only_driver(results.folder):
        measured = measure_candidates(results, chosen, request, schedule, messages.print)
    messages.print(f"{len(measured)} measured; the others had been")
    _warn_of_noise(measured)
    stages = {row.stage for row in chosen}
    _show(sweep, [row for row in measured_latency(results.folder) if row.stage in stages], as_json)


def _with_unpruned(
    results: "SweepResults", front: "Sequence[CandidateRecord]"
) -> "Sequence[CandidateRecord]":
    """Return the front with what its networks are compared with: how much faster are they?"""
    unpruned = results.unpruned
    if unpruned is None or any(row.stage == unpruned.stage for row in front):
        return front
    return [unpruned, *front]


def _measure_folder(
    folder: Path,
    request: "LatencyRequest",
    schedule: "Schedule",
    output: Path | None,
    as_json: bool,
) -> None:
    from tatl_search.core.setups import Setup
    from tatl_search.deploy.profile import measure_folder, write_profile

    _warn_if_busy()
    measured = measure_folder(folder, request, schedule, messages.print)
    _warn_of_noise(measured)
    if output is not None:
        write_profile(output, measured)
        messages.print(f"written to {output}; in its sweep: tatl-search latency SWEEP --import")
    if as_json:
        print_json([asdict(row) for row in measured])
        return
    for row in measured:
        console.print(
            f"{row.label} on {Setup.of(row)}: p50 {row.p50_ms:.2f} ms, p90 {row.p90_ms:.2f} ms,"
            f" noise {100 * row.noise:.0f} %"
        )


def _bring_back(sweep: Path, profile: Path, as_json: bool) -> None:
    from tatl_search.deploy.bring_back import bring_back
    from tatl_search.results.store import load_sweep

    _show(sweep, bring_back(load_sweep(sweep), profile), as_json)


def _show(sweep: Path, rows: "list[LatencyRecord]", as_json: bool) -> None:
    from tatl_search.results.latency import by_setup
    from tatl_search.results.latency_table import latency_tables
    from tatl_search.results.store import load_sweep

    if as_json:
        print_json([{**asdict(row), "noise": row.noise} for row in rows])
    else:
        console.print(latency_tables(load_sweep(sweep).candidates, by_setup(rows)))


def _warn_if_busy() -> None:
    # Windows does not say.
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    if load > BUSY:
        messages.print(
            f"this machine is busy (load {load:.1f} in the last minute): figures may be too large"
        )


def _warn_of_others_on(device: str) -> None:
    import torch

    from tatl_search.nets.memory import held_by_others

    if device != "cuda" or not torch.cuda.is_available():
        return
    if held := held_by_others():
        messages.print(
            f"other processes hold {held / 1e9:.1f} GB of the GPU: figures may be too large"
        )


def _warn_of_noise(rows: "list[LatencyRecord]") -> None:
    noisy = [row for row in rows if row.noise > NOISY]
    if noisy:
        worst = max(noisy, key=lambda row: row.noise)
        messages.print(
            f"noise: blocks of {len(noisy)} of {len(rows)} measurements lie more than"
            f" {100 * NOISY:.0f} % apart, at worst {100 * worst.noise:.0f} % ({worst.label},"
            f" batch {worst.batch}). Let nothing else run, or take more --blocks."
        )


def _table(
    space: Path,
    overrides: list[str] | None,
    request: "LatencyRequest",
    output: Path | None,
    as_json: bool,
) -> None:
    from tatl_search.newcomer.opening import open_space
    from tatl_search.search.layer_times import measure_tables

    if output is None and not as_json:
        raise InputError("--table needs --output FILE: a sweep takes it as sweep.latency_table")
    _warn_if_busy()
    _warn_of_others_on(request.device)
    opened = open_space(str(space), overrides or [])
    tables = measure_tables(opened.space, request.device, request.threads)
    if output is not None:
        tables.write(output)
        messages.print(f"written to {output}; use it with --set sweep.latency_table={output}")
    if as_json:
        print_json(tables.to_dict())
        return
    for name, measured in tables.by_network.items():
        layers = sum(measured.layer_ms.values())
        console.print(
            f"{name}: {layers + measured.rest_ms:.2f} ms for one image, {layers:.2f} of them in"
            f" {len(measured.layer_ms)} layers ({measured.device}, {measured.threads} threads)"
        )
