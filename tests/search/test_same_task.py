"""Sweeps are of one task if their validation images are the same (a real run: tests/cli)."""

from pathlib import Path

import pytest

from tatl_search.figures import ACCURACY, MACS
from tatl_search.manifest import SweepFolder
from tatl_search.results.store import load_sweep
from tatl_search.search.same_task import Judges, check_same_task
from tatl_search.tracking.parquet import ParquetTracker
from tests.results.conftest import manifest
from tests.tracking.made import made_candidate


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Judges("labels", "pixels", 32), True),
        (Judges("labels", "others", 32), False),
        (Judges("labels", "others", 48), True),  # the same images at another size
        (Judges("others", "pixels", 32), False),
    ],
)
def test_labels_and_pixels_tell(other: Judges, same: bool) -> None:
    assert Judges("labels", "pixels", 32).same_as(other) is same


def test_images_that_are_not_at_hand_are_noted(tmp_path: Path) -> None:
    folder = SweepFolder(tmp_path)
    folder.manifest.write_text(manifest("made", [ACCURACY, MACS]).to_yaml())
    ParquetTracker(folder).candidate(made_candidate(settings='{"data": {}}'))
    (note,) = check_same_task([load_sweep(tmp_path)])
    assert note.startswith("not checked, since its images are not at hand")
