"""Files of weights as people have them: taken where they can be, and else said what they hold."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor

from tatl_search.config import NetworkSettings
from tatl_search.errors import InputError
from tatl_search.nets.zoo import LoadedNetwork, build

RESNET = "torchvision/resnet18"
State = dict[str, Tensor]


def loaded(weights: str | Path) -> LoadedNetwork:
    return build(NetworkSettings(name=RESNET, weights=str(weights)), 7, 64)


@pytest.fixture(scope="module")
def state() -> State:
    torch.manual_seed(0)
    return dict(torchvision.models.get_model("resnet18", num_classes=7).state_dict())


def with_prefix(state: State, prefix: str) -> State:
    return {prefix + key: tensor for key, tensor in state.items()}


OPTIMIZER = {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 0.1}]}

FORMS: dict[str, Callable[[State], Any]] = {
    "module.": lambda state: with_prefix(state, "module."),
    "_orig_mod.": lambda state: with_prefix(state, "_orig_mod."),
    "model.": lambda state: with_prefix(state, "model."),
    "combined": lambda state: with_prefix(state, "_orig_mod.module.model."),
    "model_state_dict": lambda state: {
        "epoch": 3, "optimizer": OPTIMIZER, "model_state_dict": state, "best": 0.9,
    },
    "ema": lambda state: {"ema": state, "epoch": torch.tensor(3)},
    "nested": lambda state: {"checkpoint": {"state_dict": with_prefix(state, "model.")}},
    "averaged": lambda state: {"n_averaged": torch.tensor(3), **with_prefix(state, "module.")},
    "beside": lambda state: {**state, "epoch": 3},
    "arguments": lambda state: {"state_dict": state, "args": argparse.Namespace(lr=0.1)},
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_every_tensor_is_found_whatever_is_around_it(
    form: str, state: State, tmp_path: Path
) -> None:
    torch.save(FORMS[form](state), tmp_path / "weights.pth")
    network = loaded(tmp_path / "weights.pth")
    for key, tensor in network.module.state_dict().items():
        assert torch.equal(tensor, state[key]), key
    prefixed = form in ("module.", "_orig_mod.", "model.", "combined", "nested", "averaged")
    assert len(network.notes) == prefixed
    assert all("which all names begin with, is left out" in note for note in network.notes)


def test_trained_weights_are_taken_before_averaged_ones(state: State, tmp_path: Path) -> None:
    other = {key: tensor + 1 for key, tensor in state.items()}
    torch.save({"ema_state_dict": other, "state_dict": state}, tmp_path / "both.ckpt")
    network = loaded(tmp_path / "both.ckpt")
    assert torch.equal(network.module.get_parameter("conv1.weight"), state["conv1.weight"])
    assert "'state_dict' is taken; beside it are ema_state_dict" in network.notes[0]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda state: [state.pop("fc.weight"), state.pop("fc.bias")], "fc.weight is missing"),
        (lambda state: state.update({"fc.weight": torch.ones(3, 512)}), "(3, 512), not (7, 512)"),
        (
            lambda state: state.update({"fc.1.weight": state.pop("fc.weight")}),
            "fc.weight is missing",
        ),
    ],
)
def test_another_head_is_drawn_anew_and_said(
    change: Callable[[State], Any], said: str, state: State, tmp_path: Path
) -> None:
    given = dict(state)
    change(given)
    torch.save(given, tmp_path / "weights.pth")
    torch.manual_seed(7)
    network = loaded(tmp_path / "weights.pth")
    torch.manual_seed(7)
    fresh = loaded("random").module.state_dict()
    for key, tensor in network.module.state_dict().items():
        assert torch.equal(tensor, fresh[key] if key.startswith("fc.") else state[key]), key
    (note,) = network.notes
    assert "the classifier is drawn anew" in note
    assert said in note


def test_home_and_variables_in_the_path(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save(state, tmp_path / "weights.pth")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PLACE", str(tmp_path))
    for path in ("~/weights.pth", "$PLACE/weights.pth", "${PLACE}/weights.pth"):
        assert torch.equal(loaded(path).module.get_parameter("fc.bias"), state["fc.bias"])
    for path, said in (
        ("~nobody-of-this-name/weights.pth", "a home that is not known here"),
        ("$NOT_SET/weights.pth", "$NOT_SET names an environment variable that is not set"),
    ):
        with pytest.raises(InputError, match=r"^network\.weights: ") as caught:
            loaded(path)
        assert said in str(caught.value)


def test_the_content_decides_and_not_the_ending(state: State, tmp_path: Path) -> None:
    save_file(state, tmp_path / "weights.bin")
    torch.save(state, tmp_path / "weights.safetensors")
    torch.save(state, tmp_path / "old.safetensors", _use_new_zipfile_serialization=False)
    for name in ("weights.bin", "weights.safetensors", "old.safetensors"):
        assert torch.equal(
            loaded(tmp_path / name).module.get_parameter("fc.bias"), state["fc.bias"]
        ), name


def test_where_no_name_fits_those_of_the_file_are_told(state: State, tmp_path: Path) -> None:
    torch.save({**with_prefix(state, "model."), "loss.weight": torch.ones(7)}, tmp_path / "a.ckpt")
    with pytest.raises(
        InputError,
        match=r"do not fit: .* begin with model\.conv1\.weight, .*"
        r"; conv1\.weight is missing; .* more$",
    ):
        loaded(tmp_path / "a.ckpt")


ODD: dict[str, tuple[Callable[[Tensor], Tensor], str]] = {
    "nan": (lambda tensor: tensor * float("nan"), "holds NaN or infinity"),
    "infinite": (lambda tensor: tensor / 0, "holds NaN or infinity"),
    "sparse": (lambda tensor: tensor.to_sparse(), "is no dense tensor (sparse_coo)"),
    "meta": (lambda tensor: tensor.to("meta"), "holds no values"),
    "integers": (lambda tensor: tensor.long(), "holds int64, not floating-point numbers"),
    "quantized": (
        lambda tensor: torch.quantize_per_tensor(tensor, 0.1, 0, torch.qint8),
        "is no dense tensor (quantized)",
    ),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("kind", ODD)
def test_tensors_that_are_no_weights_are_named(kind: str, state: State, tmp_path: Path) -> None:
    make, said = ODD[kind]
    torch.save({**state, "bn1.weight": make(state["bn1.weight"])}, tmp_path / "odd.pth")
    with pytest.raises(InputError, match=r"odd\.pth cannot be used") as caught:
        loaded(tmp_path / "odd.pth")
    assert f"bn1.weight {said}" in str(caught.value)


class Net(torch.nn.Linear):
    """What `torch.save(network)` stores by the name of its class."""


def _script(path: Path) -> None:
    torch.jit.script(torch.nn.Linear(2, 2)).save(path)  # type: ignore[no-untyped-call]


FILES: dict[str, tuple[Callable[[Path], object], str]] = {
    "whole": (lambda path: torch.save(Net(2, 2), path), "Python objects ("),
    "script": (_script, "a TorchScript program"),
    "integers": (
        lambda path: torch.save({0: torch.ones(2), 1: torch.ones(2)}, path),
        "a mapping whose keys are numbers (0, 1, ...)",
    ),
    "settings": (lambda path: torch.save({"epoch": 3, "lr": 0.1}, path), "the keys epoch, lr"),
    "number": (lambda path: torch.save(3, path), "an object of type int"),
    "pointer": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a"),
        "`git lfs pull` fetches it",
    ),
    "page with a mark": (
        lambda path: path.write_text("<!-- a --><html>Log in", "utf-8-sig"),
        "a web page",
    ),
    "page": (lambda path: path.write_text("\n<!DOCTYPE html><html>Log in"), "a web page"),
    "keras": (lambda path: path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(99)), "an HDF5 file"),
    "gzip": (lambda path: path.write_bytes(b"\x1f\x8b\x08" + bytes(range(99))), "is compressed"),
    "text": (lambda path: path.write_text("\x1b[31mred"), "damaged, or not of torch"),
    "empty": (lambda path: path.write_bytes(b""), "is empty"),
    "folder": (lambda path: path.mkdir(), "there is no file"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("ending", [".pth", ".safetensors"])
@pytest.mark.parametrize("kind", FILES)
def test_other_files_are_refused_by_what_they_hold(kind: str, ending: str, tmp_path: Path) -> None:
    write, said = FILES[kind]
    path = tmp_path / f"{kind}{ending}"
    write(path)
    with pytest.raises(InputError) as caught:
        loaded(path)
    text = str(caught.value)
    assert said in text or (ending == ".safetensors" and "damaged, or not of torch" in text)
    assert "weights_only" not in text
    assert "\n" not in text
    assert "\x1b" not in text


def test_a_cut_file_is_refused(state: State, tmp_path: Path) -> None:
    torch.save(state, tmp_path / "whole.pth")
    content = (tmp_path / "whole.pth").read_bytes()
    for share in (0.1, 0.5, 0.99):
        (tmp_path / "cut.pth").write_bytes(content[: int(share * len(content))])
        with pytest.raises(InputError, match=r"cut\.pth' cannot be read .* damaged"):
            loaded(tmp_path / "cut.pth")


def test_names_with_codes_for_terminals_are_escaped(state: State, tmp_path: Path) -> None:
    torch.save({**state, "\x1b[31mred\n": torch.zeros(1)}, tmp_path / "red.pth")
    with pytest.raises(InputError, match=r"\\x1b\[31mred\\n is not of this network") as caught:
        loaded(tmp_path / "red.pth")
    assert "\x1b" not in str(caught.value)
