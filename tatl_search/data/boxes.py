"""Boxes around the object of an image, as the sets that bring them write them."""

from pathlib import Path
from xml.etree import ElementTree

from tatl_search.data.image_files import Box
from tatl_search.errors import InputError

_EDGES = ("xmin", "ymin", "xmax", "ymax")


def read_voc_box(file: Path) -> Box:
    """Return the smallest box around all objects of an annotation in Pascal VOC's XML.

    Edges are taken as they stand, so a box may be one pixel off (VOC counts from 1).

    Raises:
        InputError: unreadable, no object in it, or a box without area.
    """
    try:
        # The rule fears entities that grow without end; expat itself stops at those since 2.4.1.
        root = ElementTree.fromstring(file.read_bytes())  # noqa: S314
        boxes = [
            tuple(float(node.findtext(edge) or "") for edge in _EDGES)
            for node in root.iterfind("object/bndbox")
        ]
    except (OSError, ElementTree.ParseError, ValueError) as error:
        raise InputError(f"{file} is no readable annotation: {error}") from error
    if not boxes:
        raise InputError(f"{file} holds no <object> with a <bndbox>")
    left, top, right, lower = zip(*boxes, strict=True)
    return to_box(min(left), min(top), max(right), max(lower), str(file))


def to_box(left: float, top: float, right: float, lower: float, place: str) -> Box:
    """Return the box in whole pixels, from four edges in pixels.

    Raises:
        InputError: no area, or a corner left of or above the image; `place` says where it stands.
    """
    box = (round(left), round(top), round(right), round(lower))
    if min(box) < 0 or box[2] <= box[0] or box[3] <= box[1]:
        raise InputError(f"{place}: left, top, right and lower edge {box} make no box")
    return box
