"""Formats the names of builds and stages for answers. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import cleaned, one_line
from drone_mcp_build.refs import branch_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from drone_mcp_client.models import Build, Stage


def title_of(build: Build, width: int) -> str:
    """Return the title of the pull request, or the first line of the commit message, in at most `width` characters."""
    lines = cleaned(build.title.strip() or build.message.strip()).splitlines()
    return one_line(lines[0], width) if lines and width else ""


NAME_WIDTH: Final = 60  # characters, as are the others
TITLE_WIDTH: Final = 100
SHORT_COMMIT: Final = 10  # hexadecimal digits


def clean_name(text: str) -> str:
    """Clean a name that someone else chose, and shorten it to one line."""
    return one_line(text, NAME_WIDTH)


def name_build(repo: str, build: Build) -> str:
    """Name a build."""
    return f"build {build.number} of {repo}"


def name_stage(stage: Stage) -> str:
    """Name a stage."""
    return f"{stage.number} '{clean_name(stage.name)}'"


def name_stages(stages: Iterable[Stage]) -> str:
    """Name stages in a sentence: `stage 1 'build'`, `stages 1 'build', 2 'deploy'`."""
    named = [name_stage(stage) for stage in stages]
    return f"stage{'s' if len(named) > 1 else ''} {', '.join(named)}"


def describe_origin(repo: str, build: Build) -> str:
    """Describe the origin of a build: event, branch, commit, author, and whether it comes from a fork."""
    title = title_of(build, TITLE_WIDTH)
    fork = ""
    if build.event == "pull_request":
        is_own = build.source_repo == repo
        fork = "from the same repository" if is_own else f"from the FORK {clean_name(build.source_repo)}"
        if not build.source_repo:
            fork = "from a repository that Drone does not name (take it for a fork)"
    parts = [
        f"event {clean_name(build.event) or 'unknown'} on {clean_name(branch_of(build)) or 'an unknown branch'}",
        f"commit {clean_name(build.after)[:SHORT_COMMIT] or 'unknown'}",
        f"by {clean_name(build.author_login or build.author_name) or 'nobody that Drone knows'}",
        fork,
        f"title '{title}'" if title else "without a title",
    ]
    return ", ".join(part for part in parts if part)
