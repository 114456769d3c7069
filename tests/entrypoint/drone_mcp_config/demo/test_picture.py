"""The picture of the demo in the README is what the demo shows, without times and sizes, which differ between runs."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from rich.text import Text

from drone_mcp_config.demo.agent import Act
from drone_mcp_config.demo.console import Pages
from pages.pictures import COLUMNS, terminal_picture
from support.snapshots import hold

pytestmark = pytest.mark.checkout

PICTURE = Path(__file__).parents[4] / "docs" / "pictures" / "demo.svg"
SHOWN = 5  # acts: from "Which builds are red?" on, when the simulated build has ended


def test_the_picture_shows_the_last_acts(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "drone_mcp_config", "demo", "--json"]
    played = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300).stdout
    acts = [replace(Act(**act), seconds=0, tokens=None) for act in json.loads(played)["acts"]]
    printed = io.StringIO()
    console = Console(
        file=printed, width=COLUMNS, force_terminal=True, color_system="standard", no_color=False, highlight=False
    )
    pages = Pages(console)
    for act in acts[:-SHOWN]:
        pages.show(act)
    begin = printed.tell()
    for act in acts[-SHOWN:]:
        pages.show(act)
    pages.close(acts[-1])
    text = printed.getvalue()[begin:]
    assert max(len(line) for line in Text.from_ansi(text).plain.splitlines()) <= COLUMNS
    hold(PICTURE, terminal_picture(text, "./scripts/demo", len(text.splitlines())))
