"""Every supported network: pruned over three rounds, stored, read back, exported and compared."""

from pathlib import Path

import pytest
import torch

from tatl_search.config import NetworkSettings
from tatl_search.deploy.export import trace, write_onnx, write_pt2
from tatl_search.deploy.parity import onnx_classifier, prove_parity, pt2_classifier
from tatl_search.nets.groups import find_groups
from tatl_search.nets.structure import load_network, save_network
from tatl_search.nets.surgery import prune
from tatl_search.nets.zoo import build
from tests.nets.families import CLASSES, FAMILIES, IMAGE_SIZE
from tests.nets.lively import enliven, random_plan, some_images


@pytest.mark.soak
@pytest.mark.parametrize("name", FAMILIES)
def test_a_pruned_network_keeps_its_outputs_through_files_onnx_and_pt2(
    name: str, tmp_path: Path
) -> None:
    torch.manual_seed(0)
    network = build(NetworkSettings(name=name, weights="random"), CLASSES, IMAGE_SIZE)
    enliven(network.module, IMAGE_SIZE)
    for round_ in range(3):
        groups = find_groups(network.module, IMAGE_SIZE)
        prune(network.module, groups, random_plan(groups, seed=round_, share=0.2))
    save_network(tmp_path, network, [str(label) for label in range(CLASSES)], IMAGE_SIZE)
    stored = load_network(tmp_path)[0].module
    images = some_images(10)
    with torch.inference_mode():
        logits = network.module(images)
        assert torch.equal(stored(images), logits)

    program = trace(stored, IMAGE_SIZE)
    write_onnx(program, tmp_path / "model.onnx")
    write_pt2(program, tmp_path / "model.pt2")
    classifiers = {
        "onnx": onnx_classifier(tmp_path / "model.onnx"),
        "pt2": pt2_classifier(tmp_path / "model.pt2"),
    }
    for form, classifier in classifiers.items():
        parity = prove_parity(form, logits.numpy(), classifier, images)
        # Small beside what images differ by: who calls all images the same proves nothing.
        assert parity.max_abs_difference < 1e-3 * float(logits.std(dim=0).max())
