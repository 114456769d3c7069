"""Finds the pull request that a build, a commit or a branch belongs to.

Which ways there are, and why no others: a forge has no route from a head to its pull requests, and the one from two
branches answers the oldest, closed ones too. At most three requests to the forge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_build.refs import branch_of, pull_request_of
from forge_client.errors import NotFound, RepositoryRenamed

if TYPE_CHECKING:
    from drone_mcp_client.models import Build
    from forge_client.forge import Forge
    from forge_client.models.pulls import PullRequest, PullsFound


@dataclass(frozen=True, slots=True)
class FoundPull:
    """A pull request, and how it was found.

    Attributes:
        how: a clause for the reader.
        built: the commit that was asked about, "" for none.
        others: numbers of further open pull requests of the same head.
        requests: how many the search took.
    """

    pull: PullRequest
    how: str
    built: str = ""
    others: tuple[int, ...] = ()
    requests: int = 1

    @property
    def has_moved_on(self) -> bool:
        """Whether the pull request has another head by now than the commit that was asked about."""
        return bool(self.built) and not self.pull.merged and self.pull.head.sha != self.built


async def find_pull_of_build(forge: Forge, repo: str, build: Build, *, renamed_from: str = "") -> FoundPull:
    """Return the pull request of a build: by its ref, its commit or branch, or the merge that made its commit.

    `renamed_from` as in `find_pull`.
    """
    number = pull_request_of(build)
    if number is not None:
        pull = await forge.pull(repo, number)
        return FoundPull(pull, f"build {build.number} is of pull request {number}", build.after)
    branch = branch_of(build) if build.event == "push" else ""
    return await find_pull(
        forge, repo, commit=build.after, branch=branch, what=f"build {build.number}", renamed_from=renamed_from
    )


async def find_pull(
    forge: Forge, repo: str, *, commit: str = "", branch: str = "", what: str, renamed_from: str = ""
) -> FoundPull:
    """Return the newest open pull request with this commit or branch as head, else the one whose merge made the commit.

    Args:
        forge: to be asked.
        repo: "owner/name".
        commit: the head, or what a merge made; "" for any.
        branch: the head; "" for any.
        what: the subject of the messages.
        renamed_from: the old name of the repository, if one request of this question has told the new one.

    Raises:
        RepositoryRenamed: the search for a merge would be a fourth request of this question.
        NotFound: there is none.
    """
    found = await forge.open_pulls_of(repo, sha=commit, branch=branch)
    if found.pulls:
        return _choose(found, commit, branch, what)
    if commit and renamed_from:
        raise RepositoryRenamed(renamed_from, repo)
    merged = await forge.merged_pull(repo, commit) if commit else None
    if merged is not None:
        return FoundPull(merged, f"{what} is of the commit that its merge made", commit, requests=3)
    looked = "no open pull request" if found.complete else "none of the 100 open pull requests updated last"
    raise NotFound(
        f"{begin_sentence(what)} belongs to no pull request: {looked} of {repo} has this head"
        + (", and no merge of one made this commit" if commit else ""),
        next_step="It may belong to none: look for a closed one in a list with state all",
    )


def _choose(found: PullsFound, commit: str, branch: str, what: str) -> FoundPull:
    # That of the very commit, else the newest: a branch may have pull requests to several bases.
    ordered = sorted(found.pulls, key=lambda pull: (pull.head.sha == commit, pull.number), reverse=True)
    pull, *rest = ordered
    how = "its head is this commit" if pull.head.sha == commit else f"its head is the branch {branch}"
    return FoundPull(pull, f"{what}: {how}", commit, tuple(one.number for one in rest), 1 if found.complete else 2)
