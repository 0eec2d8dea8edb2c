"""A disk that is full at any write: nothing half-written counts, and a larger one lets it go on."""

import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.console import Console
from rich.table import Table

from tatl_search.search.sweep import resume
from tests.integration.audit import audit, snapshot, stored_trials
from tests.integration.drivers import Driver, faulty_space
from tests.search.items import hear_nothing

PAGE = 4096
MOMENTS = 10
WITHIN_S = 900
LEFT = (0, PAGE, 2 * PAGE, 5 * PAGE, 100 * PAGE, 500 * PAGE)
"""What is left when the disk fills: rows and entries take a page, a network and the report more."""


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 20 MB; remounting it with `size=` makes it larger."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", disk], check=True)


def fill(disk: Path, left: int = 0) -> None:
    """Leave so many bytes."""
    with (disk / "ballast").open("ab", buffering=0) as file:
        while (free := os.statvfs(disk).f_bavail * PAGE) > left:
            try:
                file.write(b"0" * min(free - left, 2**20))
            except OSError:
                return


def enlarge(disk: Path, megabytes: int) -> None:
    subprocess.run(["mount", "-o", f"remount,size={megabytes}m", disk], check=True)


def only_word(driver: Driver, folder: Path) -> str:
    """Return the one line that a driver left without room says."""
    (said,) = (line for line in driver.output.splitlines() if line.startswith("tatl-search:"))
    assert str(folder) in said
    assert "No space left on device" in said
    assert "resume" in said
    assert "Traceback" not in driver.output
    return said


@pytest.mark.usefixtures("ray_here")
def test_a_full_disk_ends_the_sweep_and_a_larger_one_resumes_it(small_disk: Path) -> None:
    folder = small_disk / "filled"
    with Driver.sweep(folder, faulty_space()) as driver:
        driver.await_file(folder / "candidates", "trial-*")
        fill(small_disk)
        assert driver.end() == 1
        only_word(driver, folder)
    before = snapshot(folder)

    enlarge(small_disk, 60)
    assert resume(folder, hear_nothing).complete
    assert audit(folder, before).faults == ()
    assert max(trial.user_attrs["attempts"] for trial in stored_trials(folder)) <= 2


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.usefixtures("ray_here")
def test_a_disk_full_at_any_moment(small_disk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = Table(title="Sweeps of 3 trials on a disk that fills, resumed on a larger one")
    for column in ("filled after", "left", "rows then", "refused", "lost", "doubled", "zombies"):
        table.add_column(column)
    shown = [go_through(small_disk, moment) for moment in range(MOMENTS)]
    for cells, _ in shown:
        table.add_row(*cells)
    with capsys.disabled():
        Console(width=160).print(table)
    assert all(sound for _, sound in shown)
    assert sum(cells[3] != "nothing" for cells, _ in shown) >= 8


def go_through(disk: Path, seed: int) -> tuple[list[str], bool]:
    """Let the disk fill at a random moment; return a row of the table, and whether all is well."""
    chance = random.Random(seed)
    storage = disk / str(seed)
    storage.mkdir()
    enlarge(disk, 40)
    folder, rows, left = storage / "sweep", chance.randrange(0, 13), LEFT[seed % len(LEFT)]
    delay = chance.uniform(0.0, 0.5)
    with Driver.sweep(folder, faulty_space()) as driver:
        driver.await_file(folder / "candidates", "trial-*", rows or 0, WITHIN_S)
        driver.wait((folder / "sweep.yaml").is_file, WITHIN_S)
        time.sleep(delay)
        fill(disk, left)
        refused = driver.end(WITHIN_S) != 0
        word = only_word(driver, folder) if refused else "nothing"
    before = snapshot(folder)
    (disk / "ballast").unlink()
    if refused:
        assert resume(folder, hear_nothing).complete
    found = audit(folder, before)
    where = word.removeprefix("tatl-search: ").partition(" cannot be written")[0]
    counts = (len(found.lost), len(found.doubled), len(found.zombies))
    cells = [f"{rows} rows + {delay:.1f} s", f"{left // PAGE} pages", str(len(before.rows))]
    subprocess.run(["rm", "-r", storage], check=True)
    return [*cells, Path(where).name, *map(str, counts)], not found.faults
