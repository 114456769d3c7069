"""Finds out whether this installation is one that uv keeps in its cache, and how uvx would make it again.

`uvx drone-mcp-config` runs from such an installation. `uv cache clean` and `uv cache prune` remove it, so no client's
file may name its Python (uv documentation, "Tools", The uv tool interface).
"""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from drone_mcp_config.errors import UserError

DISTRIBUTION = "drone-mcp"


def uvx_command() -> tuple[str, ...]:
    """Return the words before a console script with which uvx starts it, () where this installation stays.

    Raises:
        UserError: uvx could not find again what is installed here.
    """
    # A cache is marked as one (https://bford.info/cachedir/). An environment of `uv venv` has the mark, too, and stays.
    if not any((folder / "CACHEDIR.TAG").exists() for folder in Path(sys.prefix).parents):
        return ()
    return (shutil.which("uvx") or "uvx", "--from", _requirement())


def _requirement() -> str:
    """Return what to give uvx to install the same again."""
    distribution = importlib.metadata.distribution(DISTRIBUTION)
    # Of an installation that comes from no index (packaging.python.org, "Recording the Direct URL Origin").
    origin: dict[str, Any] = json.loads(distribution.read_text("direct_url.json") or "{}")
    url: str = origin.get("url", "")
    if not url:
        return f"{DISTRIBUTION}=={distribution.version}"
    address = urlsplit(url)
    # The user of ssh is no secret, and that of http may be a token.
    if address.password or (address.username and address.scheme != "ssh"):
        raise UserError(
            "This runs from uv's cache, and was installed from an address with a password, which no file may hold. "
            "Install it with `uv tool install`, then run this again."
        )
    if vcs := origin.get("vcs_info"):
        folder = f"#subdirectory={origin['subdirectory']}" if origin.get("subdirectory") else ""
        return f"{vcs['vcs']}+{url}@{vcs['commit_id']}{folder}"
    return unquote(address.path) if address.scheme == "file" else url
