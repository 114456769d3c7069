"""Lists repositories, and explains an empty list. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from drone_mcp_build.build_wording import clean_name
from drone_mcp_builds import list_rendering
from drone_mcp_builds.formatting import format_count
from drone_mcp_builds.views import RepoList

if TYPE_CHECKING:
    from collections.abc import Sequence

    from drone_mcp_client.models import Repo


# Permissions come from the source host when a person's repositories are synchronised; a machine user has no account
# there (Drone 2.25, service/syncer).
NONE_AT_ALL: Final = (
    "Drone lists no repositories for this token's user. A machine user that is no administrator never has any, "
    "and a person's are missing until the first synchronisation"
)
HOW_TO_GET_SOME: Final = (
    "Name a repository yourself (drone_list_builds with repo as owner/name reads public ones), press Sync in "
    "Drone's user interface, or use the token of a person or of an administrator"
)


@dataclass(frozen=True, slots=True)
class RepoFilter:
    """The requested repositories, by a glob or a part of the name, regardless of case."""

    name: str | None
    include_inactive: bool
    limit: int

    def names(self, repo: Repo) -> bool:
        """Check the name; a glob without a slash applies to the part after the owner."""
        if not self.name:
            return True
        wanted, slug = self.name.strip().lower(), repo.slug.lower()
        if not any(mark in wanted for mark in "*?["):
            return wanted in slug
        return fnmatchcase(slug if "/" in wanted else repo.name.lower(), wanted)


def list_matching(every: Sequence[Repo], seen: Sequence[Repo], asked: RepoFilter) -> RepoList:
    """List the matches among the repositories `seen` in this role's scope; `every` holds all of the token's user."""
    named = [repo for repo in seen if asked.names(repo)]
    matching = sorted(
        (repo for repo in named if repo.active or asked.include_inactive),
        key=lambda repo: (-repo.build.created if repo.build else 0, repo.slug),
    )
    shown = list_rendering.fit_repos(matching[: asked.limit])
    note, next_step = ("", "") if matching else _why_none(every, seen, named, asked)
    return RepoList(
        repos=shown,
        total=len(matching),
        left_out=_left_out(len(matching) - len(shown), len(named) - len(matching)),
        note=note,
        next_step=next_step,
    )


def _left_out(more: int, inactive: int) -> str:
    parts = [f"{more} more that match: give a name or a higher limit"] if more else []
    parts += [f"{inactive} inactive: include_inactive shows them"] if inactive else []
    return "; ".join(parts)


def _why_none(every: Sequence[Repo], seen: Sequence[Repo], named: Sequence[Repo], asked: RepoFilter) -> tuple[str, str]:
    if named:
        return "Those that match are all inactive", "Call again with include_inactive"
    if seen:
        count = format_count(len(seen), "other")
        return (
            f"No name matches '{clean_name(asked.name or '')}'; there are {count}",
            "Call again without name",
        )
    if every:
        return (
            "None of the token's repositories is within this role (DRONE_MCP_REPOS)",
            "Ask the author of the role to widen it",
        )
    return NONE_AT_ALL, HOW_TO_GET_SOME
