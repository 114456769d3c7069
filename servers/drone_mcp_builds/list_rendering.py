"""Lists of builds and repositories that fit an answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeVar

from ci_mcp_kit.outgoing_text import one_line
from ci_mcp_kit.token_count import count_tokens
from drone_mcp_build.build_wording import SHORT_COMMIT, TITLE_WIDTH, clean_name, title_of
from drone_mcp_build.iso_time import format_time
from drone_mcp_build.refs import history_branch, pull_request_of
from drone_mcp_builds.formatting import count_build_seconds, find_author, find_tag_name, format_count
from drone_mcp_builds.views import BuildLine, LatestBuild, RepoLine

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_client.models import Build, Repo

L = TypeVar("L", BuildLine, RepoLine)

LIST_TOKENS: Final = 1_900  # 2,000, less the rest of the answer


@dataclass(frozen=True, slots=True)
class Width:
    """How much of each build to show: characters of its title, and whether commit, duration and author."""

    title: int
    commit: bool = True
    author: bool = True


# Titles shrink first: number, status and branch are what a build is chosen by.
WIDTHS: Final = (
    Width(title=TITLE_WIDTH),
    Width(title=60),
    Width(title=40, commit=False),
    Width(title=30, commit=False, author=False),
    Width(title=0, commit=False, author=False),
)


def fit_builds(builds: Sequence[Build], now: int) -> tuple[tuple[BuildLine, ...], str]:
    """Return as many builds as an answer holds, and a sentence about the omitted parts.

    Details are omitted first, and builds at the end only if that is not enough.
    """
    lines: tuple[BuildLine, ...] = ()
    width = WIDTHS[0]
    for width in WIDTHS:
        lines = _that_fit(build_line(build, now, width) for build in builds)
        if len(lines) == len(builds):
            break
    return lines, _left_out(width, len(builds) - len(lines))


def _that_fit(every: Iterable[L]) -> tuple[L, ...]:
    """Return as many of the first lines as fit, and at least one, so that a cursor moves on."""
    room = LIST_TOKENS
    kept: list[L] = []
    for one in every:
        room -= count_tokens(one.model_dump_json()) + 1  # the comma
        if room < 0 and kept:
            break
        kept.append(one)
    return tuple(kept)


def _left_out(width: Width, builds: int) -> str:
    if width == WIDTHS[0]:
        return ""
    parts = [f"titles cut to {width.title} characters" if width.title else "titles"]
    parts += [] if width.commit else ["commits and durations"]
    parts += [] if width.author else ["authors"]
    parts += [format_count(builds, "build")] if builds else []
    return f"To keep the list small: {', '.join(parts)}. A smaller limit shows all"


def build_line(build: Build, now: int, width: Width = WIDTHS[0]) -> BuildLine:
    """Return a build as a list shows it."""
    return BuildLine(
        number=build.number,
        status=clean_name(build.status),
        event=clean_name(build.event),
        branch=clean_name(history_branch(build)),
        pull_request=pull_request_of(build),
        source=clean_name(build.source) if build.event == "pull_request" else "",
        tag=find_tag_name(build),
        title=title_of(build, width.title),
        author=find_author(build) if width.author else "",
        commit=clean_name(build.after)[:SHORT_COMMIT] if width.commit else "",
        when=format_time(build.created),
        seconds=count_build_seconds(build, now) if width.commit else None,
    )


def fit_repos(repos: Sequence[Repo]) -> tuple[RepoLine, ...]:
    """Return as many repositories as an answer holds."""
    return _that_fit(repo_line(repo) for repo in repos)


def repo_line(repo: Repo) -> RepoLine:
    """Return a repository as a list shows it."""
    latest = None
    if (build := repo.build) is not None:
        latest = LatestBuild(
            number=build.number,
            status=clean_name(build.status),
            event=clean_name(build.event),
            branch=clean_name(history_branch(build)),
            tag=find_tag_name(build),
            title=title_of(build, 60),
            when=format_time(build.created),
        )
    return RepoLine(
        repo=one_line(repo.slug, 140),
        default_branch=clean_name(repo.default_branch),
        visibility=clean_name(repo.visibility),
        inactive=None if repo.active else True,
        latest=latest,
    )
