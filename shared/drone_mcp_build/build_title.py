"""The title of a build, as every server shows it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import cleaned, one_line

if TYPE_CHECKING:
    from drone_mcp_client.models import Build


def title_of(build: Build, width: int) -> str:
    """Return the title of the pull request, or the first line of the commit message, in at most `width` characters."""
    lines = cleaned(build.title.strip() or build.message.strip()).splitlines()
    return one_line(lines[0], width) if lines and width else ""
