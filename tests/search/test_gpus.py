"""How many trials share a GPU, and what is left on one; what needs a GPU skips without."""

import gc
import logging
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from tatl_search.config import SweepSettings
from tatl_search.errors import InputError
from tatl_search.nets.footprint import Footprint
from tatl_search.nets.memory import share_of_gpu
from tatl_search.search.gpus import Sample, measured, settled, share_of
from tatl_search.search.preflight import check_networks
from tatl_search.search.report import EndReport
from tatl_search.search.trainable import report_of
from tatl_search.space import space_from_raw
from tests.search.items import work_item

needs_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
GB = 10**9


@pytest.mark.parametrize(
    ("reserved", "outside", "fit"),
    [(2 * GB, GB // 2, 26), (20 * GB, GB // 2, 3), (79 * GB, GB // 2, 1), (1, 0, 64 * GB)],
)
def test_trials_fit_with_headroom(reserved: int, outside: int, fit: int) -> None:
    """Of 80 GB: a trial gets 1.25 times its tensors' peak and what is beside them."""
    assert Footprint("a GPU", 80 * GB, reserved, outside).trials_at_once == fit


@pytest.mark.parametrize("trials", [1, 2, 3, 4, 7, 12, 75, 101])
def test_a_share_lets_so_many_onto_a_gpu(trials: int) -> None:
    """Ray counts shares in ten-thousandths: sevenths, rounded up, would let only six on."""
    share = share_of(trials)
    units = round(share * 10_000)
    assert units == pytest.approx(share * 10_000)
    assert 10_000 // units == trials == SweepSettings(gpus_per_trial=share).trials_per_gpu


@pytest.mark.parametrize(("share", "trials"), [(0.0, 0), (0.4, 2), (0.3, 3), (0.6, 1), (1.0, 1)])
def test_no_trial_gets_parts_of_two_gpus(share: float, trials: int) -> None:
    assert SweepSettings(gpus_per_trial=share).trials_per_gpu == trials


@pytest.mark.parametrize("wrong", [2, -0.5, "many", True, None])
def test_other_shares_are_refused(wrong: Any) -> None:
    with pytest.raises(ValidationError, match="one GPU: auto, or a share from 0 to 1"):
        SweepSettings.model_validate({"gpus_per_trial": wrong})


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
@pytest.mark.usefixtures("ray_here")
def test_without_a_gpu_auto_trains_on_cpus(tiny_space: dict[str, Any]) -> None:
    tiny_space["sweep"]["gpus_per_trial"] = "auto"
    space = space_from_raw(tiny_space)
    assert (space.sweep.gpus_per_trial, space.sweep.device) == ("auto", "cpu")
    assert settled(space, []).gpus_per_trial == 0.0
    tiny_space["sweep"]["budget"] = {"gpu_hours": 1.0}
    with pytest.raises(InputError, match="there is no GPU here"):
        settled(space_from_raw(tiny_space), [])


def networks() -> list[weakref.ref[nn.Module]]:
    """Return all networks and layers that are alive."""
    gc.collect()
    return [weakref.ref(found) for found in gc.get_objects() if issubclass(type(found), nn.Module)]


def test_no_layer_of_an_ended_trial_is_alive(tmp_path: Path) -> None:
    """As on an actor that is reused: the first trial ends well, the second has no images."""
    kept = set(networks())
    heard: list[str] = []
    for number, fails in ((0, False), (1, True)):
        item = work_item(tmp_path / str(number), number=number, stop={"max_rounds": 1})
        if fails:
            path = str(tmp_path / "nowhere")
            data = item.config.data.model_copy(update={"source": "folder", "path": path})
            config = item.config.model_copy(update={"data": data})
            item = item.model_copy(update={"config": config})
        report = report_of(item, lambda row: heard.append(row.label))
        assert isinstance(report, EndReport)
        assert bool(report.infeasible_reason) == fails
        assert not set(networks()) - kept
    assert heard == ["trial 0 round 0", "trial 0 round 1"]


@needs_gpu
def test_a_trial_leaves_a_gpu_as_it_was(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(2):
        item = work_item(tmp_path / str(number), number=number, stop={"max_rounds": 1})
        sweep = item.sweep.model_copy(update={"gpus_per_trial": 0.5})
        report = report_of(item.model_copy(update={"sweep": sweep}), lambda _: None)
        assert isinstance(report, EndReport)
        assert not report.infeasible_reason
        assert torch.cuda.memory_allocated() == torch.cuda.memory_reserved() == 0
    assert not caplog.records


@needs_gpu
def test_a_trial_that_ran_out_of_memory_leaves_nothing_to_the_next(tmp_path: Path) -> None:
    """As on an actor that is reused; the GPU is cut into so many parts that nothing fits."""
    _, total = torch.cuda.mem_get_info()
    for number, (share, reason) in enumerate(((8_000_000 / total, "out_of_memory"), (0.5, None))):
        item = work_item(tmp_path / str(number), number=number, stop={"max_rounds": 1})
        sweep = item.sweep.model_copy(update={"gpus_per_trial": share})
        report = report_of(item.model_copy(update={"sweep": sweep}), lambda _: None)
        assert isinstance(report, EndReport)
        assert report.infeasible_reason == reason
        assert torch.cuda.memory_allocated() == torch.cuda.memory_reserved() == 0


@needs_gpu
def test_a_share_of_a_gpu_is_kept_to_and_what_is_left_is_told(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, total = torch.cuda.mem_get_info()
    with share_of_gpu(4), pytest.raises(torch.OutOfMemoryError):
        torch.empty(int(0.26 * total), dtype=torch.uint8, device="cuda")
    assert not caplog.records
    kept = []
    with caplog.at_level(logging.WARNING), share_of_gpu(1):
        kept.append(torch.empty(50_000_000, dtype=torch.uint8, device="cuda"))
    assert "50 MB" in caplog.text or "52 MB" in caplog.text


@needs_gpu
def test_a_network_is_measured(tiny_space: dict[str, Any]) -> None:
    (check,) = check_networks(space_from_raw(tiny_space), None, 1)
    sample = Sample(
        network=check.config.network,
        classes=10,
        image_size=32,
        finetune=check.config.finetune,
        retrain=check.config.retrain,
    )
    name, fit = measured([sample.model_dump(mode="json")])
    assert name == torch.cuda.get_device_name()
    assert fit >= 2
