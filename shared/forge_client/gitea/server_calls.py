"""The calls about the server, its users and its repositories: each returns the request and sends nothing.

Routes, parameters and answers are those of go-gitea/gitea v1.27.3, routers/api/v1/api.go and the handlers there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_client.gitea.call_builders import LARGEST_PAGE, get, page_params, repo_get
from forge_client.gitea.responses import read_as, read_page
from forge_client.models.issues import Label
from forge_client.models.server import ForgeVersion, Repository, TokenFacts, User

if TYPE_CHECKING:
    from ci_mcp_http.call import Call
    from forge_client.models.base import Page


def version() -> Call[ForgeVersion]:
    """Read the version of the server; anyone may, unless the server requires a sign-in."""
    return get("server.version", "the server's version", "/version", read_as(ForgeVersion))


def user() -> Call[User]:
    """Read the user of the token, which takes the scope `read:user`."""
    return get("user.get", "the token's user", "/user", read_as(User))


def token() -> Call[TokenFacts]:
    """Read the scopes and the user of the token, which needs no scope. In Gitea from 1.27 on, not in Forgejo 12."""
    return get("token.get", "the token's scopes", "/token", read_as(TokenFacts))


def repository(repo: str) -> Call[Repository]:
    """Read a repository."""
    return repo_get("repos.get", "the settings", repo, "", read_as(Repository))


def assignees(repo: str) -> Call[tuple[User, ...]]:
    """List the users who can be assigned, at once."""
    return repo_get("repos.assignees", "the assignees", repo, "/assignees", read_as(tuple[User, ...]))


def user_repositories(page: int = 1, limit: int = LARGEST_PAGE) -> Call[Page[Repository]]:
    """List a page of the repositories of the token's user, which takes `read:user` and `read:repository`."""
    reader = read_page(Repository)
    return get("user.repos", "the user's repositories", "/user/repos", reader, page_params(page, limit))


def organisation_labels(owner: str, page: int = 1) -> Call[Page[Label]]:
    """List a page of the labels that all repositories of an organisation have; 404 for an owner who is a person."""
    params = page_params(page)
    return get("orgs.labels", f"the labels of {owner}", "/orgs/{owner}/labels", read_page(Label), params, owner=owner)
