"""The pictures on the pages are made from what the commands print; UPDATE_SNAPSHOTS=1 makes them anew."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from pages.pictures import terminal_picture
from support.snapshots import hold

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs" / "pictures"
PRINTED = ROOT / "tests" / "entrypoint" / "drone_mcp_cli" / "snapshots"  # on a terminal; test_terminal.py holds them
SHOWN = {
    "diagnose": ("drone-mcp diagnose octo/hello", 19),
    "wait": ("drone-mcp wait octo/hello 5", 30),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_picture_shows_what_the_command_prints(name: str) -> None:
    command, rows = SHOWN[name]
    printed = (PRINTED / f"terminal-{name}.ansi").read_text(encoding="utf-8")
    picture = terminal_picture(printed, command, rows)
    assert not re.search(r"url\((?!#)|href|src=|@import|<script", picture)  # it loads nothing
    hold(PICTURES / f"{name}.svg", picture)


def test_every_picture_is_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")])
    shown = {Path(link).name for link in re.findall(r"!\[[^\]]+\]\(([^)]+)\)", pages)}
    assert {path.name for path in PICTURES.iterdir() if path.suffix != ".txt"} <= shown
