"""The call that a client of Gitea makes for each captured request, and what its answer means."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ci_mcp_http.call import Call
from ci_mcp_http.response import Response
from ci_mcp_kit.errors import (
    AuthenticationFailed,
    InvalidInput,
    PermissionDenied,
    ServiceError,
    ServiceFailed,
    UnexpectedAnswer,
)
from forge_client.errors import Conflict, NotFound, RepositoryRenamed
from forge_client.gitea import code_calls, issue_calls, pull_calls, server_calls, write_calls
from forge_client.gitea.call_builders import API
from forge_client.models.issues import Label
from forge_client.requests import IssueChanges, IssueFilter, PullChanges, PullFilter
from support.forge_captures import CAPTURES, OF_FORGEJO, ForgeCapture

if TYPE_CHECKING:
    from collections.abc import Callable

LABEL = Label(id=3, name="ci")
SHA = "0abbfeb5bdcb92c1f461c276b3f1933835488f68"
MOMENT = datetime(2030, 1, 1, tzinfo=UTC)


def with_body(call: Call[Any], body: dict[str, Any] | None) -> Call[Any]:
    """The call as if it had sent this: the client itself refuses or corrects much of what was sent for the captures."""
    return Call(**{name: getattr(call, name) for name in Call.__slots__} | {"body": body})


# Route -> the call that this client makes for it. Numbers and names are those of the path.
ROUTES: dict[str, Callable[..., Call[Any]]] = {
    r"GET /version": server_calls.version,
    r"GET /user": server_calls.user,
    r"GET /token": server_calls.token,
    r"GET /user/repos": server_calls.user_repositories,
    r"GET /orgs/(\w+)/labels": server_calls.organisation_labels,
    r"GET REPO": server_calls.repository,
    r"GET REPO/assignees": server_calls.assignees,
    r"GET REPO/labels": issue_calls.labels,
    r"GET REPO/milestones": issue_calls.milestones,
    r"GET REPO/issues": lambda repo: issue_calls.issues(repo, IssueFilter()),
    r"GET REPO/issues/(\d+)": lambda repo, number: issue_calls.issue(repo, max(1, int(number))),
    r"GET REPO/issues/(\d+)/dependencies": lambda repo, number: issue_calls.blockers(repo, int(number)),
    r"GET REPO/issues/(\d+)/blocks": lambda repo, number: issue_calls.blocked(repo, int(number)),
    r"GET REPO/issues/(\d+)/comments": lambda repo, number: issue_calls.comments_since(repo, int(number), MOMENT),
    r"GET REPO/issues/(\d+)/timeline": lambda repo, number: issue_calls.timeline(repo, int(number)),
    r"GET REPO/issues/comments/(\d+)": lambda repo, comment: issue_calls.comment(repo, int(comment)),
    r"GET REPO/pulls": lambda repo: pull_calls.pulls(repo, PullFilter()),
    r"GET REPO/pulls/(\d+)": lambda repo, number: pull_calls.pull(repo, int(number)),
    r"GET REPO/pulls/(\d+)\.diff": lambda repo, number: pull_calls.diff(repo, int(number)),
    r"GET REPO/pulls/(\d+)/files": lambda repo, number: pull_calls.files(repo, int(number)),
    r"GET REPO/pulls/(\d+)/commits": lambda repo, number: pull_calls.commits(repo, int(number)),
    r"GET REPO/pulls/(\d+)/reviews": lambda repo, number: pull_calls.reviews(repo, int(number)),
    r"GET REPO/commits/(\w+)/pull": pull_calls.merged_pull,
    r"GET REPO/commits/(.+)/status": lambda repo, ref: pull_calls.checks(repo, ref if len(ref) == len(SHA) else SHA),
    r"GET REPO/commits": code_calls.commits,
    r"GET REPO/git/commits/(\w+)": lambda repo, ref: code_calls.commit(repo, ref if ref != "main" else SHA),
    r"GET REPO/git/commits/(\w+)\.diff": code_calls.commit_diff,
    r"GET REPO/compare/(.+?)\.\.\.(.+)": code_calls.comparison,
    r"GET REPO/contents(?:/(.+))?": lambda repo, path: code_calls.folder(repo, path or ""),
    r"GET REPO/raw/(.+)": code_calls.file,
    r"GET REPO/git/trees/(.+)": lambda repo, _: code_calls.tree(repo, SHA),
    r"GET REPO/branches": code_calls.branches,
    r"GET REPO/branches/(.+)": code_calls.branch,
    r"GET REPO/branch_protections": code_calls.branch_protections,
    r"GET REPO/tags": code_calls.tags,
    r"POST REPO/issues": lambda repo: write_calls.create_issue(repo, "a title"),
    r"PATCH REPO/issues/(\d+)": lambda repo, n: write_calls.update_issue(repo, int(n), IssueChanges(title="a title")),
    r"POST REPO/issues/(\d+)/labels": lambda repo, number: write_calls.add_labels(repo, int(number), [LABEL]),
    r"PUT REPO/issues/(\d+)/labels": lambda repo, number: write_calls.set_labels(repo, int(number), [LABEL]),
    r"DELETE REPO/issues/(\d+)/labels/(\d+)": lambda repo, number, label: write_calls.remove_label(
        repo, int(number), Label(id=int(label), name="any")
    ),
    r"POST REPO/issues/(\d+)/comments": lambda repo, number: write_calls.create_comment(repo, int(number), "a text"),
    r"PATCH REPO/issues/comments/(\d+)": lambda repo, comment: write_calls.update_comment(repo, int(comment), "a text"),
    r"POST REPO/pulls": lambda repo: write_calls.create_pull(repo, "a title", head="topic", base="main"),
    r"PATCH REPO/pulls/(\d+)": lambda repo, number: write_calls.update_pull(repo, int(number), PullChanges(body="b")),
}

# What this client never asks for: other routes, and requests that it refuses to make.
UNUSED = {
    *range(4, 6),  # settings of the server
    *(26, 27, 29, 30, 31, 33, 34, 35, 36),  # search for repositories, languages, reviewers, permissions, templates
    *range(87, 101),  # search for issues in all repositories
    *(110, 115, 116),  # a word for a number; labels and reactions of one issue
    124,  # comments of a repository
    *(146, *range(160, 164), 165, 177, 178, *range(180, 183)),  # patches, pairs of branches, parts of reviews
    *range(198, 203),  # the history of statuses
    *(216, 220, 239, *range(242, 246), 259),  # odd refs; files with their content as JSON
    *range(268, 278),  # refs, code search, wrong routes and methods, pages
    *(330, 333, 334, 335, 355, 356),  # names and definitions of labels; deletions
    *range(379, 412),  # reviews, merges, and JSON that this client does not send
    *range(413, 418),  # statuses
    *(425, 426),  # tokens
}

ERRORS: dict[type[ServiceError], set[int]] = {
    AuthenticationFailed: {7, 8, 12, 291, 319, 347, 365},
    PermissionDenied: {9, 265, 295, 296, 315, 332, 341, 342, 345, 352, 364, 418, 419, 420, 427},
    NotFound: {
        *(17, 18, 19, 21, 78, 80, 81, 109, 111, 113, 123, 126, 158, 159, 167, 183),
        *(188, 189, 190, 191, 195, 197, 208, 215, 218, 222, 227, 234, 236, 237, 241, 248, 249, 263),
        *(294, 298, 316, 331, 349, 354, 360, 361, 366, 373, 421),
    },
    InvalidInput: {69, 74, 258, 279, 280, 283, 286, 288, 289, 322, 337, 338, 359, 362},
    Conflict: {301, 308, 309, 357, 363, 376},
    RepositoryRenamed: {422, 423, 424},
    ServiceFailed: {140, 311, 313, 346},
    # Not the whole body, of which the file has only the beginning; and a file that had not changed.
    UnexpectedAnswer: {240, 253, 297, 348},
}

# The same, where Forgejo's status or words differ.
FORGEJO_ERRORS: dict[type[ServiceError], set[int]] = {
    AuthenticationFailed: {8},
    PermissionDenied: {9, 21, 298, 421},
    NotFound: {17, 123, 346},
    InvalidInput: {331},
    UnexpectedAnswer: {10, 194},
}

EXPECTED = {number: kind for kind, numbers in ERRORS.items() for number in sorted(numbers)}
EXPECTED_OF_FORGEJO = {number: kind for kind, numbers in FORGEJO_ERRORS.items() for number in sorted(numbers)}
USED = [number for number in CAPTURES if number not in UNUSED]
USED_OF_FORGEJO = [number for number in OF_FORGEJO if number not in UNUSED]


def call_of(capture: ForgeCapture) -> Call[Any]:
    route = f"{capture.request['method']} {unquote(capture.path.removeprefix(API))}"
    for pattern, make in ROUTES.items():
        expression = pattern.replace("REPO", r"/repos/([^/]+/[^/]+)")
        if found := re.fullmatch(expression, route):
            call = make(*found.groups())
            return with_body(call, capture.request["body"]) if call.writes else call
    raise LookupError(route)


def answer_of(capture: ForgeCapture) -> Any:
    headers = {name.lower(): value for name, value in capture.headers.items()}
    response = Response(
        status=capture.status, headers=headers, body=capture.body, with_token=capture.request["as"] is not None
    )
    call = call_of(capture)
    return call.read(call, response)


# Where the path of the capture is another than that of the call: trees, commits and statuses by the name of a branch.
OTHER_PATHS = {111, 193, 194, 195, 214, 255, 256, 257, 258}
