"""`scripts/run-pytest`: a test that fails runs once more, by itself."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from support.patience import PATIENCE

pytestmark = pytest.mark.checkout
SCRIPT = Path(__file__).parents[2] / "scripts" / "run-pytest"

FAILS_ONCE = """
from pathlib import Path

def test_that_loses_its_patience():
    seen = Path("seen")
    first = not seen.exists()
    seen.touch()
    assert not first

def test_that_passes():
    with Path("runs").open("a") as runs:
        runs.write("run ")
"""


def run(folder: Path, source: str) -> tuple[int, str]:
    (folder / "test_it.py").write_text(source)
    command = [str(SCRIPT), "-q", "--numprocesses", "2", "test_it.py"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE)
    return done.returncode, done.stdout


def test_what_passes_the_second_time_is_named_in_the_last_line(tmp_path: Path) -> None:
    status, output = run(tmp_path, FAILS_ONCE)
    assert status == 0
    assert "1 failed, 1 passed" in output
    assert output.splitlines()[-1].startswith("1 passed")
    assert output.splitlines()[-1].endswith("the second time: test_it.py::test_that_loses_its_patience ")
    assert (tmp_path / "runs").read_text() == "run "


def test_what_fails_twice_fails(tmp_path: Path) -> None:
    status, output = run(tmp_path, FAILS_ONCE + "\ndef test_that_is_broken():\n    assert False\n")
    assert status == 1
    assert output.splitlines()[-1].startswith("1 failed, 1 passed")


def test_a_module_that_cannot_be_read_is_no_failed_test(tmp_path: Path) -> None:
    status, output = run(tmp_path, "import nothing_of_this_name\n")
    assert status == 1
    assert "the second time" not in output
