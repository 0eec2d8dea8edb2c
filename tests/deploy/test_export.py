import zipfile
from pathlib import Path

import onnxruntime
import pytest
import torch
from torch import Tensor, nn

from tatl_search.deploy.export import export_onnx, trace, write_pt2
from tatl_search.errors import RunError


class Branching(nn.Module):
    """Chooses by its input's values, which no export can follow."""

    def forward(self, images: Tensor) -> Tensor:
        return images.mean((2, 3)) if bool(images.sum() > 0) else images.amax((2, 3))


def test_one_file_with_named_ends_a_free_batch_and_no_noise(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 5))
    module[1].eval()
    export_onnx(module, tmp_path / "model.onnx", image_size=8)
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
    assert (module.training, module[0].training, module[1].training) == (True, True, False)

    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    (image,), (logits,) = session.get_inputs(), session.get_outputs()
    assert (image.name, image.shape, image.type) == ("image", ["batch", 3, 8, 8], "tensor(float)")
    assert (logits.name, logits.shape) == ("logits", ["batch", 5])
    batch = torch.randn(3, 3, 8, 8)
    (found,) = session.run(None, {"image": batch.numpy()})
    torch.testing.assert_close(torch.from_numpy(found), module(batch), rtol=1e-4, atol=1e-5)


def test_a_network_that_cannot_be_exported_is_named_so(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="torch cannot export this network"):
        export_onnx(Branching(), tmp_path / "model.onnx", image_size=8)
    assert not list(tmp_path.iterdir())


def test_torchs_own_form_has_a_free_batch_and_no_pickle(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], recwarn: pytest.WarningsRecorder
) -> None:
    module = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 36, 5)).eval()
    module.to(memory_format=torch.channels_last)
    write_pt2(trace(module, image_size=8), tmp_path / "model.pt2")
    assert capfd.readouterr() == ("", "")
    assert not recwarn.list
    loaded = torch.export.load(tmp_path / "model.pt2").module()
    for images in (1, 2, 5):
        batch = torch.randn(images, 3, 8, 8)
        torch.testing.assert_close(loaded(batch), module(batch), rtol=1e-5, atol=1e-6)
    with zipfile.ZipFile(tmp_path / "model.pt2") as archive:
        contents = [archive.read(name) for name in archive.namelist()]
    assert len(contents) > 4
    assert not any(content.startswith((b"PK", b"\x80")) for content in contents)
    # 4 * 3 * 9 + 4 + 5 * 144 + 5 weights; the example batch is not among what is stored.
    assert sum(map(len, contents)) < 4 * 837 + 20_000
