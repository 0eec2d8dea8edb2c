"""The target task as the rest of the product sees it: two open splits and a door to the third."""

import hashlib
import json
import logging
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tatl_search.data.reading import SIXTEEN_BITS
from tatl_search.errors import StorageError

Pixels = npt.NDArray[np.uint8]
Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.int64]

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Split:
    """Some of the stored images and their labels, in seeded random order.

    Attributes:
        images: (M, S, S, 3) RGB, all stored images, shared by the splits; read-only, mapped from
            a file where there is one.
        rows: (N,) the split's own, as rows of `images`.
        labels: (N,) indices into the class names, one for each of `rows`.
    """

    images: Pixels
    rows: Rows
    labels: Labels

    def __len__(self) -> int:
        return len(self.rows)

    def pixels(self, which: slice | Rows) -> Pixels:
        """Return a copy (n, S, S, 3) of some of the split's images, by their place in it."""
        chosen: Pixels = self.images[self.rows[which]]
        return chosen


@dataclass(frozen=True, eq=False)
class TargetData:
    """The images of the target task. The test split has one door: `open_test`.

    Attributes:
        class_names: name of each label.
        image_size: side of the square images in pixels.
        fingerprint: SHA-256 over the pixels, labels and class names of all splits and the
            settings that change training images; the same wherever the data lie.
        train: what networks are trained on.
        val: what candidates are compared on.
        notes: what people should know, such as files left out and imbalanced classes.
        sixteen_bit_max: what was white in files with 16 bits a channel.
    """

    class_names: tuple[str, ...]
    image_size: int
    fingerprint: str
    train: Split
    val: Split
    notes: tuple[str, ...]
    _test: Split = field(repr=False)
    sixteen_bit_max: int = SIXTEEN_BITS

    def with_validation(self) -> "TargetData":
        """Return the same task with the validation images among those for training as well.

        What was trained so can no longer be judged by them.
        """
        both = (self.train, self.val)
        joined = Split(
            self.train.images,
            np.concatenate([split.rows for split in both]),
            np.concatenate([split.labels for split in both]),
        )
        told = f"{self.fingerprint} validation is trained on"
        return replace(self, train=joined, fingerprint=hashlib.sha256(told.encode()).hexdigest())

    def open_test(self, why: str, log: Path | None = None) -> Split:
        """Open the test split; every opening is logged, a repeat warns.

        An accuracy that was looked at repeatedly and acted upon is no longer an honest one.

        Args:
            why: what the test images are opened for, for people.
            log: JSON-lines file in which openings are kept, one line each. A repeat within the
                same file warns and names the earlier openings.

        Raises:
            StorageError: the log cannot be read or written; the split stays shut.
        """
        earlier = [] if log is None else _record_opening(log, why, self.fingerprint)
        if earlier:
            _LOGGER.warning(
                "The test split is opened again, for: %s. Opened before: %s. Choices made after"
                " looking at test accuracy make it too good.",
                why,
                "; ".join(earlier),
            )
        else:
            _LOGGER.info("The test split is opened for: %s", why)
        return self._test


def _record_opening(log: Path, why: str, fingerprint: str) -> list[str]:
    """Append an opening to the log and return the earlier ones, for people."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    line = json.dumps({"opened_at": now, "why": why, "fingerprint": fingerprint})
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("a+", encoding="utf-8", errors="replace") as file:
            file.seek(0)
            earlier = [_describe_opening(entry) for entry in file.read().splitlines()]
            file.write(line + "\n")
    except OSError as error:
        raise StorageError(f"cannot record the opening of the test split: {error}") from error
    return earlier


def _describe_opening(line: str) -> str:
    try:
        entry = json.loads(line)
        return f"{entry['opened_at']} for {entry['why']}"
    except (ValueError, KeyError, TypeError):
        return f"unreadable entry {line!r}"
