"""The page of --help is a file, which Typer wrote: it is there before Typer could be imported."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import drone_mcp_cli
from support.snapshots import hold

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

PAGE = Path(drone_mcp_cli.__file__).with_name("help.ansi")
WRITE = "from drone_mcp_cli.app import main; main()"


def test_the_page_is_the_one_that_typer_writes() -> None:
    # At 80 columns, with colours (Typer reads FORCE_COLOR, Rich the others).
    variables = {"COLUMNS": "80", "FORCE_COLOR": "1", "TERM": "xterm-256color", "PATH": os.environ["PATH"]}
    written = subprocess.run([sys.executable, "-c", WRITE, "--help"], env=variables, capture_output=True, check=True)
    hold(PAGE, written.stdout.decode())


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_has_colours_on_a_terminal_alone(desk: Desk, option: str) -> None:
    plain = desk.run(option).out
    assert "\x1b" not in plain
    assert "diagnose" in plain
    with desk.terminal(option) as terminal:
        assert terminal.read_to_end() == PAGE.read_text(encoding="utf-8")
    with desk.terminal(option, NO_COLOR="1") as terminal:
        assert terminal.read_to_end() == plain


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_neither_help_nor_version_imports_what_is_slow_to_load(option: str) -> None:
    script = (
        "import sys; from drone_mcp_cli.__main__ import main; main(); "
        "print(*sorted({'typer', 'rich', 'pydantic', 'mcp', 'httpx'} & {*sys.modules}), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script, option], capture_output=True, text=True, check=True)
    assert done.stdout
    assert done.stderr.split() == []
