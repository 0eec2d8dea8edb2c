"""Where networks come from."""

import pytest

from tatl_search.errors import InputError
from tatl_search.nets.library import find
from tests.nets.families import FAMILIES


@pytest.mark.parametrize("name", FAMILIES)
def test_every_family_is_known(name: str) -> None:
    library, model = find(name)
    assert name.endswith(f"/{model}")
    assert library.arguments(model, 7)["num_classes"] == 7
    assert all(0.2 < std < 0.6 for std in library.preprocessing(model).std)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("torchvision/resnet81", "torchvision has no 'resnet81'.*torchvision/resnet18"),
        ("timm/tf_efficientnet_light0", "timm/tf_efficientnet_lite0"),
        ("timm/resnet18.no_such_tag", "timm has no 'resnet18.no_such_tag'"),
        ("torchvision/zzzzzzzz", "has no 'zzzzzzzz'"),
        ("keras/resnet50", "no known library.*torchvision/<name> or timm/<name>"),
        ("torchvision/fasterrcnn_resnet50_fpn", "has no 'fasterrcnn"),
    ],
)
def test_an_unknown_network_is_refused_with_close_names(name: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        find(name)


def test_a_tag_of_weights_is_part_of_timms_name() -> None:
    library, model = find("timm/resnet18.a1_in1k")
    assert model == "resnet18.a1_in1k"
    assert library.preprocessing(model).mean == (0.485, 0.456, 0.406)
