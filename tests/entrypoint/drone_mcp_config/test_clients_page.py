"""The page about clients is made from their formats; UPDATE_SNAPSHOTS=1 rewrites it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from drone_mcp_config.clients.formats import CLIENTS
from pages.clients import clients_sections, cursor_link, vscode_link
from pages.markdown import splice
from support.patience import PATIENCE
from support.snapshots import hold
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parents[3] / "docs" / "clients.md"
SHOWN = re.compile(r"^`drone-mcp-config ([^`]+)` writes `[^`]+`:\n\n```\w+\n(.*?)```$", re.MULTILINE | re.DOTALL)
ENTRY = {"command": "drone-mcp-builds", "args": ["-x", "a b"], "env": {"DRONE_TOKEN": "${DRONE_TOKEN}"}}


def test_the_page_shows_the_file_of_every_client() -> None:
    page = PAGE.read_text(encoding="utf-8")
    hold(PAGE, splice(page, "clients", clients_sections()))
    titles = re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert titles == [client.title for client in CLIENTS.values()]


def test_every_command_of_the_page_prints_what_the_page_shows(tmp_path: Path) -> None:
    page = PAGE.read_text(encoding="utf-8")
    shown = SHOWN.findall(page)
    assert len(shown) == len(CLIENTS)
    printed = {}
    for arguments, _ in shown:
        command = [*warm_python(), "-m", "drone_mcp_config", *arguments.split(), "--print"]
        done = subprocess.run(
            command,
            env={"HOME": "/home/me"},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=PATIENCE,
        )
        printed[arguments] = done.stdout
    assert printed == dict(shown)


@pytest.mark.parametrize(
    ("link", "decode"),
    [(vscode_link, json.loads), (cursor_link, lambda text: json.loads(base64.b64decode(text, validate=True)))],
)
def test_a_link_holds_the_whole_entry(link: Callable[..., str], decode: Callable[[str], Any]) -> None:
    query = parse_qs(urlsplit(link("drone-builds", ENTRY)).query, strict_parsing=True)
    assert query["name"] == ["drone-builds"]
    assert decode(query["config"][0]) == ENTRY
