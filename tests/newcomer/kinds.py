"""Facts of every kind, for properties of what follows from them."""

from hypothesis import strategies as st

from tatl_search.newcomer.facts import Facts
from tatl_search.newcomer.recipe import Given

NETWORKS = (None, "torchvision/resnet18", "timm/tf_efficientnet_lite0")


def facts_of(*train: int, side: int = 100, **others: object) -> Facts:
    """Return facts of some classes; all else is usual."""
    given: dict[str, object] = {
        "source": "folder images",
        "class_names": tuple(f"class {number}" for number in range(len(train))),
        "val": 20,
        "test": 30,
        "brought": (),
        "short_sides": (side, side, side),
        "is_grey": False,
        "looked_at": 10,
    }
    return Facts(train=train, **{**given, **others})  # type: ignore[arg-type]


@st.composite
def kinds(draw: st.DrawFn) -> Facts:
    """Draw facts: any number of classes and images, any sizes, packed or not."""
    train = draw(st.lists(st.integers(1, 200_000), min_size=2, max_size=40))
    side = draw(st.integers(1, 20_000))
    return facts_of(
        *train,
        side=side,
        class_names=tuple(draw(st.lists(st.text(), min_size=len(train), max_size=len(train)))),
        is_grey=draw(st.booleans()),
        fixed_side=draw(st.none() | st.integers(16, 1024)),
        unusable=tuple(draw(st.lists(st.text(), max_size=12))),
        notes=tuple(draw(st.lists(st.text(), max_size=3))),
    )


def settled() -> st.SearchStrategy[Given]:
    """Draw what somebody settled: inputs, other networks, a length of the search."""
    return st.builds(
        Given,
        image_sizes=st.just(()) | st.integers(16, 512).map(lambda side: (side,)),
        storage_size=st.none() | st.integers(16, 1024),
        network=st.sampled_from(NETWORKS),
        length=st.booleans(),
        rate=st.booleans(),
    )
