"""Describes how a build has changed since an earlier state of it. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from drone_mcp_builds.formatting import clean_name

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from drone_mcp_state import Transition

MOST_LINES: Final = 30  # of changes


def describe_changes(before: Build, now: Build) -> tuple[str, ...]:
    """Return one line for each change, those of the build first; steps that merely appeared are left out."""
    from drone_mcp_state import transitions  # noqa: PLC0415 - on first use, to start fast

    lines = [_line(found) for found in transitions(before, now) if found.before or found.after not in {"pending", ""}]
    more = len(lines) - MOST_LINES
    return tuple(lines[:MOST_LINES]) + ((f"and {more} more",) if more > 0 else ())


def _line(found: Transition) -> str:
    name = f" '{clean_name(found.name)}'" if found.name else ""
    what = f"stage {found.stage}" if found.stage else "build"
    what = f"step {found.step}{name} of {what}" if found.step else what + name
    change = f"{found.before} -> {found.after}" if found.before else found.after
    return f"{what}: {clean_name(change)}"
