"""Where labelled images come from, by name."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tatl_search.registry import Registry


@dataclass(frozen=True)
class DataSource:
    """A way to labelled images.

    Attributes:
        name: as in `data.source`.
        open: finds the images and returns a `data.collection.Source`, given the data settings;
            or the `module:attribute` where that function is.
        needs_path: whether `data.path` has to say where the images are.
        has_boxes: whether it brings boxes around objects, for `data.crop_to_box`.
        can_fetch: whether it can download its images, for `data.download`.
        has_ranges: whether its files may have 16 bits a channel, for `data.sixteen_bit_max`.
        member: what follows the name and a slash, for people, such as `<class>`; empty where
            nothing does.
    """

    name: str
    open: Callable[..., Any] | str
    needs_path: bool = True
    has_boxes: bool = False
    can_fetch: bool = False
    has_ranges: bool = False
    member: str = ""

    @property
    def written(self) -> str:
        """How it is written in the settings: `folder`, `torchvision/<class>`."""
        return f"{self.name}/{self.member}" if self.member else self.name


_BUILTIN = (
    DataSource("digits", "tatl_search.data.digits:open_digits", needs_path=False),
    DataSource("folder", "tatl_search.data.folder:open_folder", has_ranges=True),
    DataSource("table", "tatl_search.data.table:open_table", has_ranges=True),
    DataSource("idx", "tatl_search.data.idx:open_idx"),
    # Packed already: what opens it returns the packed file itself.
    DataSource("packed", "tatl_search.data.fetching:find_pack", has_ranges=True),
    DataSource("flower102", "tatl_search.data.flower102:open_flower102", can_fetch=True),
    DataSource("cub200", "tatl_search.data.cub200:open_cub200", has_boxes=True),
    DataSource("dog120", "tatl_search.data.dog120:open_dog120", has_boxes=True),
    DataSource("mit67", "tatl_search.data.mit67:open_mit67"),
    DataSource("stanford40", "tatl_search.data.stanford40:open_stanford40", has_boxes=True),
    DataSource(
        "torchvision",
        "tatl_search.data.torchvision_sets:open_torchvision",
        can_fetch=True,
        member="<class>",
    ),
)

SOURCES: Registry[DataSource] = Registry(
    "source of images",
    "data.source",
    "tatl_search.sources",
    "tatl_search.config.sources:DataSource",
    {source.name: source for source in _BUILTIN},
)


def written_sources(which: Callable[[DataSource], bool] = lambda _: True) -> tuple[str, ...]:
    """Return how the built-in sources of a kind are written."""
    return tuple(source.written for source in _BUILTIN if which(source))
