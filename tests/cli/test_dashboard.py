"""The verb `dashboard` (what it serves: tests/search)."""

from pathlib import Path

from tests.cli.conftest import Tatl


def test_a_single_adaptation_has_no_study(adapted: Path, tatl: Tatl) -> None:
    ended = tatl("dashboard", adapted)
    assert ended.code == 2
    assert "has no study" in ended.err
