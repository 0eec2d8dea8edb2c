"""The launchers' shell, as shellcheck sees it."""

import subprocess
import sys
from pathlib import Path

LAUNCH = Path(__file__).parents[2] / "launch"
SHELLCHECK = str(Path(sys.executable).with_name("shellcheck"))


def test_shellcheck_finds_nothing() -> None:
    scripts = [path for end in ("sh", "sbatch") for path in sorted(LAUNCH.rglob(f"*.{end}"))]
    assert len(scripts) == 4
    done = subprocess.run(
        [SHELLCHECK, "--external-sources", *scripts],
        capture_output=True, text=True, cwd=LAUNCH.parent,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout


def test_no_launcher_ends_other_people_s_rays() -> None:
    for path in (LAUNCH / "slurm").iterdir():
        commands = [line for line in path.read_text().splitlines() if not line.startswith("#")]
        if path.suffix != ".md":
            assert "ray stop" not in "\n".join(commands)
            assert "symmetric-run" not in "\n".join(commands)
