"""The server itself, its users and repositories."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gitea_simulator import shapes
from gitea_simulator.paging import answer_page
from gitea_simulator.request_context import NO_SUDO, Refusal, answer
from gitea_simulator.routes.route import REPO, route
from gitea_simulator.world import VERSION

if TYPE_CHECKING:
    from starlette.responses import Response

    from gitea_simulator.request_context import Context

SETTINGS = {
    "max_response_items": 50,
    "default_paging_num": 30,
    "default_git_trees_per_page": 1000,
    "default_max_blob_size": 10_485_760,
    "default_max_response_size": 104_857_600,
}


def version(_ctx: Context) -> Response:
    """Tell the version."""
    return answer({"version": VERSION})


def settings(_ctx: Context) -> Response:
    """Tell the limits of lists."""
    return answer(SETTINGS)


def current_user(ctx: Context) -> Response:
    """Tell the caller."""
    if "sudo" in {name.lower() for name in ctx.request.headers}:
        raise Refusal(403, NO_SUDO)
    return answer(shapes.user(ctx.world, ctx.caller, own=True))


def current_token(ctx: Context) -> Response:
    """Tell the scopes of the token."""
    token = ctx.token
    if token is None:
        raise Refusal(401, "token is required")
    times = {"created_at": shapes.moment(token.created), "last_used_at": shapes.moment(token.used)}
    user = {"id": token.user.id, "login": token.user.login}
    return answer({"id": token.id, "name": token.name, "scopes": list(token.scopes), **times, "user": user})


def user_repositories(ctx: Context) -> Response:
    """List the repositories in which the caller has a right of their own."""
    login = ctx.caller.login
    mine = [repo for repo in ctx.world.repos.values() if login == repo.owner.login or login in repo.access]
    return answer_page(ctx, mine, lambda repo: shapes.repository(ctx.world, repo, ctx.user), links=True)


def repository(ctx: Context) -> Response:
    """Tell a repository."""
    return answer(shapes.repository(ctx.world, ctx.repo, ctx.user))


def assignees(ctx: Context) -> Response:
    """List who can be assigned: who may write, and the owner."""
    able = [user for user in ctx.world.users.values() if not user.is_organisation]
    able = [
        user
        for user in able
        if user.login == ctx.repo.owner.login or ctx.repo.access.get(user.login) in {"write", "admin"}
    ]
    return answer([shapes.user(ctx.world, user) for user in able])


def organisation_labels(ctx: Context) -> Response:
    """List the labels of an organisation."""
    organisation = ctx.world.users.get(ctx.params["org"].lower())
    if organisation is None or not organisation.is_organisation:
        raise Refusal(404, "not found")
    labels = sorted(ctx.world.organisation_labels.get(organisation.login, ()), key=lambda label: label.name)
    anywhere = next(iter(ctx.world.repos.values()))
    return answer_page(ctx, labels, lambda label: shapes.label(ctx.world, anywhere, label))


ROUTES = (
    route("GET", "/version", "", version),
    route("GET", "/settings/api", "", settings),
    route("GET", "/user", "user", current_user),
    route("GET", "/token", "", current_token),
    route("GET", "/user/repos", "repository", user_repositories),
    route("GET", "/orgs/{org}/labels", "organization", organisation_labels),
    route("GET", REPO, "repository", repository),
    route("GET", f"{REPO}/assignees", "repository", assignees),
)
