"""scikit-learn's handwritten digits: 1,797 grey images of 8 x 8, shipped in the package."""

from importlib.metadata import version

import numpy as np
from PIL import Image

from tatl_search.config import DataSettings
from tatl_search.data.collection import Collection, Source, SplitName

_BRIGHTEST = 16.0


def open_digits(_settings: DataSettings) -> Source:
    """Return the embedded digits (UCI, Alpaydin & Kaynak 1998); no split is brought."""
    return Source(signature=f"digits, scikit-learn {version('scikit-learn')}", read=_read)


def _read() -> Collection:
    # Imported here: a trial that maps the packed images does not pay the second it takes.
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.rint(digits.images * (255.0 / _BRIGHTEST)).astype(np.uint8)
    return Collection(
        class_names=tuple(str(name) for name in digits.target_names),
        labels=digits.target.astype(np.int64),
        brought=np.full(len(pixels), SplitName.TRAIN, dtype=np.int8),
        names=[f"digits[{index}]" for index in range(len(pixels))],
        image=lambda index: Image.fromarray(pixels[index]).convert("RGB"),
    )
