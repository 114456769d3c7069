"""The calls about pull requests and the checks of commits.

Routes, parameters and answers are those of go-gitea/gitea v1.27.3, routers/api/v1/repo/pull*.go and status.go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_http.call import Call, make_query, quote_input
from ci_mcp_kit.errors import InvalidInput
from forge_client.gitea.call_builders import LARGEST_PAGE, page_params, repo_get
from forge_client.gitea.code_calls import LEAN
from forge_client.gitea.responses import read_as, read_page, read_text
from forge_client.models.code import ChangedFile, Commit
from forge_client.models.pulls import Checks, PullRequest, Review
from forge_client.names import check_filter, check_ref, is_full_sha

if TYPE_CHECKING:
    from collections.abc import Sequence

    from forge_client.models.base import Page
    from forge_client.models.issues import Label, Milestone
    from forge_client.requests import PullFilter


def pulls(
    repo: str,
    wanted: PullFilter,
    page: int = 1,
    limit: int = 15,
    *,
    labels: Sequence[Label] = (),
    milestone: Milestone | None = None,
) -> Call[Page[PullRequest]]:
    """List a page of pull requests, those updated last first. Each has 6 to 8 kB.

    Labels and milestone are ids here; a name is answered with 500. Forgejo ignores the base.
    """
    params = (
        *page_params(page, limit),
        # Sent always: without a state, all come.
        ("state", wanted.state),
        ("sort", "recentupdate"),
        *(("labels", str(label.id)) for label in labels),
        *make_query(
            milestone=str(milestone.id) if milestone else "",
            poster=check_filter(wanted.author),
            base_branch=check_ref(wanted.base) if wanted.base else "",
        ),
    )
    return repo_get("pulls.list", "the pull requests", repo, "/pulls", read_page(PullRequest), params=params)


def pull(repo: str, number: int) -> Call[PullRequest]:
    """Read a pull request; the number of an issue is not found here."""
    return repo_get("pulls.get", f"pull request {number}", repo, "/pulls/{number}", read_as(PullRequest), number=number)


def merged_pull(repo: str, sha: str) -> Call[PullRequest]:
    """Read the pull request whose merge made this commit; any other commit is not found, the head of one too."""
    what, template = f"a pull request that was merged as {sha[:12]}", "/commits/{sha}/pull"
    return repo_get("pulls.merged", what, repo, template, read_as(PullRequest), sha=_full_sha(sha))


def files(repo: str, number: int, page: int = 1, limit: int = LARGEST_PAGE) -> Call[Page[ChangedFile]]:
    """List a page of the files that a pull request changes."""
    what, template = f"the files of pull request {number}", "/pulls/{number}/files"
    params = page_params(page, limit)
    return repo_get("pulls.files", what, repo, template, read_page(ChangedFile), params=params, number=number)


def diff(repo: str, number: int) -> Call[str]:
    """Read the whole diff of a pull request; there is no way to read a part."""
    what = f"the diff of pull request {number}"
    return repo_get("pulls.diff", what, repo, "/pulls/{number}.diff", read_text, number=number)


def commits(repo: str, number: int, page: int = 1, limit: int = 30) -> Call[Page[Commit]]:
    """List a page of the commits of a pull request, newest first."""
    what, template = f"the commits of pull request {number}", "/pulls/{number}/commits"
    params = (*page_params(page, limit), *LEAN)
    return repo_get("pulls.commits", what, repo, template, read_page(Commit), params=params, number=number)


def reviews(repo: str, number: int, page: int = 1, limit: int = LARGEST_PAGE) -> Call[Page[Review]]:
    """List a page of the reviews of a pull request, oldest first."""
    what, template = f"the reviews of pull request {number}", "/pulls/{number}/reviews"
    params = page_params(page, limit)
    return repo_get("pulls.reviews", what, repo, template, read_page(Review), params=params, number=number)


def checks(repo: str, sha: str) -> Call[Checks]:
    """Read the newest status of each context of a commit.

    By the whole hash: for a shortened one Gitea answers with nothing on some of these routes, and Forgejo has no route
    for a branch with a slash.
    """
    what, template = f"the checks of {sha[:12]}", "/commits/{sha}/status"
    return repo_get("commits.checks", what, repo, template, read_as(Checks), sha=_full_sha(sha))


def _full_sha(sha: str) -> str:
    if not is_full_sha(sha):
        raise InvalidInput(f"{quote_input(sha)} is not the whole hash of a commit", next_step="Give all its digits")
    return sha
