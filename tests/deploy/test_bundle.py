import json
from dataclasses import replace
from pathlib import Path

import onnx
import pytest
import torch

from tatl_search.data.sources import load_target
from tatl_search.deploy.bundle import BundleReport, write_bundle
from tatl_search.deploy.checksums import verify_checksums
from tatl_search.deploy.load import load
from tatl_search.errors import InputError, RunError, StorageError
from tatl_search.space import load_space
from tests.deploy.conftest import CONFIG, SIZE, ToySweep

FILES = {
    "model.onnx",
    "model.pt2",
    "weights.safetensors",
    "structure.json",
    "preprocessing.json",
    "labels.txt",
    "metrics.json",
    "config.yaml",
    "samples.npz",
    "confusion.png",
    "predict.py",
    "reading.py",
    "verify.py",
    "README.md",
    "checksums.txt",
}


def write(toy: ToySweep, destination: Path, **changes: object) -> BundleReport:
    """Try to export, with something about it changed."""
    given = replace(toy, **changes)  # type: ignore[arg-type]
    return write_bundle(
        destination, given.results, given.picked, given.unpruned, given.target, "test"
    )


def openings(toy: ToySweep) -> list[dict[str, str]]:
    lines = (toy.folder.root / "test_openings.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def test_the_folder_is_complete_flat_and_undamaged(bundle: BundleReport) -> None:
    assert {path.name for path in bundle.folder.iterdir()} == FILES
    assert [path.name for path in bundle.folder.parent.iterdir()] == ["bundle"]
    verify_checksums(bundle.folder, FILES - {"checksums.txt"})


def test_the_onnx_file_is_valid_and_whole(bundle: BundleReport) -> None:
    model = onnx.load(bundle.folder / "model.onnx", load_external_data=False)
    onnx.checker.check_model(model, full_check=True)
    assert bundle.measured.onnx_bytes == (bundle.folder / "model.onnx").stat().st_size


def test_no_file_names_a_folder_of_the_machine_it_was_made_on(bundle: BundleReport) -> None:
    here = str(Path(torch.__file__).parents[1]).encode()
    for path in bundle.folder.iterdir():
        assert here not in path.read_bytes(), path.name


def test_parity_was_proven_on_images_that_the_network_tells_apart(
    bundle: BundleReport, toy: ToySweep
) -> None:
    assert [proof.format for proof in bundle.measured.proofs] == ["onnx", "pt2"]
    for parity in (proof.parity for proof in bundle.measured.proofs):
        assert parity.images == len(toy.target.val) == 200
        assert parity.max_relative_difference < 1e-4
        assert parity.argmax_agreement == 1.0
    images = torch.from_numpy(toy.target.val.pixels(slice(32))).permute(0, 3, 1, 2) / 255
    logits = load(bundle.folder)(images)
    assert logits.std(dim=0).min() > 1e-2 * logits.abs().max()


def test_metrics_hold_both_networks_with_intervals_and_gaps(
    bundle: BundleReport, toy: ToySweep
) -> None:
    metrics = json.loads((bundle.folder / "metrics.json").read_text())
    mine, theirs = metrics["picked"], metrics["unpruned"]
    assert (mine["macs"], theirs["macs"]) == (toy.picked.macs, toy.unpruned.macs)
    assert mine["macs"] < 0.7 * theirs["macs"]
    assert mine["size_bytes"] < 0.7 * theirs["size_bytes"]
    for found, record in ((mine, toy.picked), (theirs, toy.unpruned)):
        assert found["validation"]["accuracy"] == record.accuracy
        assert found["test"]["images"] == 359
        assert found["test"]["low"] <= found["test"]["accuracy"] <= found["test"]["high"]
        gap = found["validation"]["accuracy"] - found["test"]["accuracy"]
        assert found["validation_minus_test"] == pytest.approx(gap)
    assert (metrics["trial"], metrics["round"]) == (3, 1)
    assert metrics["parity"]["onnx"]["argmax_agreement"] == 1.0
    assert metrics["schema_version"] == 1
    assert sum(found["images"] for found in metrics["test"]["classes"]) == 359
    correct = sum(found["correct"] for found in metrics["test"]["classes"])
    assert correct / 359 == pytest.approx(mine["test"]["accuracy"])
    assert correct + sum(m["images"] for m in metrics["test"]["mistakes"]) == 359
    assert metrics["earlier_openings"] == 0
    assert torch.__version__.startswith(metrics["versions"]["torch"])


def test_the_test_split_was_opened_once_for_both(bundle: BundleReport, toy: ToySweep) -> None:
    assert bundle.measured.test.earlier_openings == 0
    first = openings(toy)[0]
    assert first["why"] == "export of trial 3 round 1 (stage pruned), with the unpruned network"


def test_what_it_takes_and_returns_is_written_down(bundle: BundleReport) -> None:
    how = json.loads((bundle.folder / "preprocessing.json").read_text())
    assert (how["width"], how["height"], how["color_order"]) == (SIZE, SIZE, "RGB")
    assert how["mean"] == [0.485, 0.456, 0.406]
    assert (bundle.folder / "labels.txt").read_text().splitlines() == list("0123456789")
    assert (how["shorter_side"], how["interpolation"]) == (SIZE, "bicubic")
    assert how["sixteen_bit_max"] == 65535
    assert load_space(bundle.folder / "config.yaml").single() == CONFIG


def test_the_card_tells_origin_figures_and_how_to_compute_it_again(bundle: BundleReport) -> None:
    card = (bundle.folder / "README.md").read_text()
    test = bundle.measured.picked.test
    for expected in (
        "# torchvision/resnet18, adapted to scikit-learn's digits",
        "random weights",
        f"| test accuracy | {test.accuracy:.4f} (95 % interval {test.low:.4f} to",
        "this is trial 3 round 1, stage `pruned`",
        "the knee of the front",
        "tatl-search adapt config.yaml --set stop.max_rounds=1",
        "opened for the first time for this export",
        "- ONNX Runtime against torch: 200 images",
        "- model.pt2 against torch: 200 images",
        "| 7 | 36 | ",
        "](confusion.png)",
        "method tatl",
        "seed 0",
    ):
        assert expected in card


def test_the_report_prints_the_gap(bundle: BundleReport) -> None:
    text = str(bundle)
    gap = bundle.measured.picked.gap * 100
    assert f"exported to {bundle.folder}" in text
    assert f"validation minus test: {gap:+.1f} points" in text


def test_a_taken_destination_is_refused_before_anything_is_opened(
    toy: ToySweep, bundle: BundleReport, tmp_path: Path
) -> None:
    before = len(openings(toy))
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(InputError, match="exists already"):
        write(toy, tmp_path)
    with pytest.raises(InputError, match="exists already"):
        write(toy, tmp_path / "mine.txt")
    with pytest.raises(InputError, match=r"mine\.txt is a file"):
        write(toy, tmp_path / "mine.txt" / "bundle")
    assert (tmp_path / "mine.txt").read_text() == "precious"
    assert len(openings(toy)) == before


def test_other_data_than_the_candidates_is_refused(
    toy: ToySweep, bundle: BundleReport, tmp_path: Path
) -> None:
    before = len(openings(toy))
    other = load_target(CONFIG.data.model_copy(update={"image_size": 16}))
    with pytest.raises(InputError, match="10 classes at 32 px, the data given has 10 at 16 px"):
        write(toy, tmp_path / "out", target=other)
    assert not list(tmp_path.iterdir())
    assert len(openings(toy)) == before


def test_a_record_that_is_not_the_networks_is_found_out(toy: ToySweep, tmp_path: Path) -> None:
    lie = replace(toy.picked, macs=toy.picked.macs - 1)
    with pytest.raises(RunError, match=f"has {toy.picked.macs} MACs"):
        write(toy, tmp_path / "out", picked=lie)
    assert not list(tmp_path.iterdir())


def test_a_proof_that_fails_leaves_no_folder_and_the_test_split_shut(
    toy: ToySweep, bundle: BundleReport, tmp_path: Path
) -> None:
    before = len(openings(toy))
    lie = replace(toy.picked, accuracy=0.93)
    with pytest.raises(RunError, match=r"its record says 0\.9300"):
        write(toy, tmp_path / "out", picked=lie)
    assert not list(tmp_path.iterdir())
    assert len(openings(toy)) == before


def test_a_stage_that_is_gone_is_named(toy: ToySweep, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="trial 3 round 1 is gone or damaged"):
        write(toy, tmp_path / "out", picked=replace(toy.picked, stage="evicted"))
    assert not list(tmp_path.iterdir())
