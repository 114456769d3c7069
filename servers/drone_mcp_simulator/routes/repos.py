"""Repositories and their collaborators (harness/drone v2.25.0, `handler/api/repos`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from drone_mcp_simulator.paging import select_page
from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.routing import RequestContext, answer, no_content, route
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

    from drone_mcp_simulator.records import Perm, User

SETTINGS = (
    "visibility",
    "config_path",
    "protected",
    "ignore_forks",
    "ignore_pull_requests",
    "auto_cancel_pull_requests",
    "auto_cancel_pushes",
    "auto_cancel_running",
)
SYSADMIN_SETTINGS = ("trusted", "timeout", "throttle", "counter")


async def list_all(ctx: RequestContext) -> Response:
    """List all repositories; `per_page` has no maximum here."""
    repos = select_page(list(ctx.world.repos.values()), ctx.value("page"), ctx.value("per_page"), maximum=None)
    return answer([repo.to_json() for repo in repos])


async def show(ctx: RequestContext) -> Response:
    """Show one repository, with the caller's permissions if there is a row of them."""
    return answer(ctx.repo.to_json(permissions=ctx.world.find_perm(ctx.repo, ctx.user)))


async def update(ctx: RequestContext) -> Response:
    """Change settings without validation; those reserved for system administrators are silently ignored."""
    data = ctx.json()
    names = SETTINGS + (SYSADMIN_SETTINGS if ctx.caller.admin else ())
    for name in names:
        if data.get(name) is not None:
            setattr(ctx.repo, name, data[name])
    ctx.repo.version += 1
    return answer(ctx.repo.to_json())


async def enable(ctx: RequestContext) -> Response:
    """Enable the repository."""
    ctx.world.enable(ctx.repo, ctx.caller)
    ctx.world.notify("repo", "enabled", user=ctx.caller.to_json(), repo=ctx.repo.to_json())
    return answer(ctx.repo.to_json())


async def disable(ctx: RequestContext) -> Response:
    """Disable the repository, or delete it with `remove=true`; answer 200 with the repository, not 204."""
    ctx.repo.active = False
    ctx.repo.version += 1
    action = "disabled"
    if ctx.value("remove") == "true":
        action = "deleted"
        del ctx.world.repos[ctx.repo.slug]
    ctx.world.notify("repo", action, repo=ctx.repo.to_json())
    return answer(ctx.repo.to_json())


async def chown(ctx: RequestContext) -> Response:
    """Make the caller the owner of the repository."""
    ctx.repo.user_id = ctx.caller.id
    ctx.repo.version += 1
    return answer(ctx.repo.to_json())


async def repair(ctx: RequestContext) -> Response:
    """Refresh the repository from the source code host."""
    if ctx.world.find_user(ctx.repo.user_id) is None or ctx.repo.slug not in ctx.world.scm:
        raise NoRows
    ctx.repo.version += 1
    return answer(ctx.repo.to_json())


def _find_perm(ctx: RequestContext) -> tuple[User, Perm]:
    user = ctx.world.users.get(ctx.params["member"])
    perm = ctx.world.find_perm(ctx.repo, user)
    if user is None or perm is None:
        raise NoRows
    return user, perm


async def list_collaborators(ctx: RequestContext) -> Response:
    """List the users with a row of permissions."""
    users = sorted(ctx.world.users.values(), key=lambda user: user.login)
    rows = [(user, ctx.world.find_perm(ctx.repo, user)) for user in users]
    return answer(
        [
            {
                "user_id": user.id,
                "repo_id": ctx.repo.uid,
                "login": user.login,
                "avatar": user.avatar,
                **perm.to_json(),
                "synced": perm.synced,
                "created": perm.created,
                "updated": perm.updated,
            }
            for user, perm in rows
            if perm
        ]
    )


async def show_collaborator(ctx: RequestContext) -> Response:
    """Show the permissions of one user."""
    return answer(_find_perm(ctx)[1].to_json())


async def remove_collaborator(ctx: RequestContext) -> Response:
    """Delete the permissions of one user."""
    user, _ = _find_perm(ctx)
    del ctx.world.perms[ctx.repo.uid, user.id]
    return no_content()


REPO = "/api/repos/{owner}/{name}/"
ROUTES = [
    route("GET", "/api/repos/", AccessLevel.SYSADMIN, list_all),
    route("GET", REPO, AccessLevel.READ, show),
    route("PATCH", REPO, AccessLevel.ADMIN, update),
    route("POST", REPO, AccessLevel.ADMIN, enable),
    route("DELETE", REPO, AccessLevel.ADMIN, disable),
    route("POST", REPO + "chown", AccessLevel.ADMIN, chown),
    route("POST", REPO + "repair", AccessLevel.ADMIN, repair),
    route("GET", REPO + "collaborators/", AccessLevel.READ, list_collaborators),
    route("GET", REPO + "collaborators/{member}", AccessLevel.READ, show_collaborator),
    route("DELETE", REPO + "collaborators/{member}", AccessLevel.ADMIN, remove_collaborator),
]
