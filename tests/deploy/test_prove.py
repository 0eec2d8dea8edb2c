import logging
from dataclasses import replace
from pathlib import Path

import pytest

from tatl_search.deploy.bundle import BundleReport
from tatl_search.deploy.formats import ONNX, PT2
from tatl_search.deploy.parity import onnx_classifier, pt2_classifier
from tatl_search.deploy.prove import measure_test, prove_export
from tatl_search.errors import RunError
from tatl_search.nets.structure import load_network
from tests.deploy.conftest import ToySweep


def test_an_accuracy_that_is_not_the_recorded_one_is_found_out(
    bundle: BundleReport, toy: ToySweep
) -> None:
    network, _, _ = load_network(bundle.folder)
    onnx = onnx_classifier(bundle.folder / "model.onnx")
    pt2 = pt2_classifier(bundle.folder / "model.pt2")
    proofs = prove_export(network, {ONNX: onnx, PT2: pt2}, toy.picked, toy.target)
    assert [(proof.format, proof.parity.holds) for proof in proofs] == [
        ("onnx", True), ("pt2", True)
    ]  # fmt: skip
    lie = replace(toy.picked, accuracy=0.93)
    with pytest.raises(RunError, match=r"its record says 0\.9300: is this the data"):
        prove_export(network, {ONNX: onnx, PT2: pt2}, lie, toy.target)
    with pytest.raises(RunError, match=r"does not compute what the network computes: model\.pt2"):
        prove_export(
            network, {ONNX: onnx, PT2: lambda images: -onnx(images)}, toy.picked, toy.target
        )


def test_opening_the_test_split_again_warns_and_is_counted(
    bundle: BundleReport, toy: ToySweep, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    networks = (
        load_network(bundle.folder)[0],
        load_network(toy.folder.stages / toy.unpruned.stage)[0],
    )
    onnx = onnx_classifier(bundle.folder / "model.onnx")
    records = (toy.picked, toy.unpruned)
    log = tmp_path / "openings.jsonl"
    first = measure_test(onnx, networks, records, (toy.target, toy.target), log)
    assert not caplog.records
    with caplog.at_level(logging.WARNING):
        second = measure_test(onnx, networks, records, (toy.target, toy.target), log)
    assert (first.earlier_openings, second.earlier_openings) == (0, 1)
    for found in (first, second):
        assert (found.picked, found.unpruned) == (bundle.measured.picked, bundle.measured.unpruned)
    assert "opened again" in caplog.text
