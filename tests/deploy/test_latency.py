"""Candidates measured alone with both runtimes: stored, and not measured twice."""

from dataclasses import replace
from pathlib import Path

import onnxruntime
import pytest
import torch

from tatl_search.deploy.latency import measure_candidates
from tatl_search.deploy.stopwatch import Schedule
from tatl_search.deploy.torch_timing import check_torch_device, open_torch
from tatl_search.deploy.ways import DeviceType, LatencyRequest, Way
from tatl_search.errors import InputError
from tatl_search.records import Runtime
from tatl_search.results.latency import by_setup, measured_latency
from tests.deploy.conftest import ToySweep

SHORT = Schedule(blocks=2, seconds=0.0, passes=2)


def test_both_runtimes_measure_and_what_is_stored_is_not_measured_again(toy: ToySweep) -> None:
    said: list[str] = []
    request = LatencyRequest(batches=(2,))
    first = measure_candidates(toy.results, [toy.picked, toy.picked], request, SHORT, said.append)
    assert {(row.runtime, row.version) for row in first} == {
        (Runtime.ONNXRUNTIME, onnxruntime.__version__),
        (Runtime.TORCH, str(torch.__version__)),
    }
    assert all(row.stage == toy.picked.stage and row.passes == 4 for row in first)

    both = [toy.unpruned, toy.picked]
    only_torch = replace(request, runtimes=(Runtime.TORCH,))
    more = measure_candidates(toy.results, both, only_torch, SHORT, said.append)
    assert [row.stage for row in more] == [toy.unpruned.stage]
    assert measure_candidates(toy.results, both, only_torch, SHORT, said.append) == []
    setups = by_setup(measured_latency(toy.folder))
    assert [setup.runtime for setup in setups] == [Runtime.ONNXRUNTIME, Runtime.TORCH]
    assert [len(rows) for rows in setups.values()] == [1, 2]


def test_a_pass_is_of_the_whole_batch(toy: ToySweep) -> None:
    way = Way(Runtime.TORCH, DeviceType.CPU, batch=3, threads=1)
    seen: list[torch.Size] = []
    with torch.nn.modules.module.register_module_forward_hook(
        lambda _module, _inputs, output: seen.append(output.shape)
    ):
        open_torch(toy.folder.stages / toy.picked.stage, way)()
    assert seen[-1] == (3, 10)


def test_a_gpu_that_is_not_there_is_said() -> None:
    if not torch.cuda.is_available():
        with pytest.raises(InputError, match="torch sees no GPU here"):
            check_torch_device(DeviceType.CUDA)


@pytest.mark.parametrize("wrong", [{"batches": ()}, {"batches": (0,)}, {"threads": 0}])
def test_ways_that_are_none_are_refused(wrong: dict[str, int], tmp_path: Path) -> None:
    with pytest.raises(InputError, match="at least"):
        LatencyRequest(**wrong)  # type: ignore[arg-type]
