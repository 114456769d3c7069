"""Repositories and their collaborators (Drone 2.25, `handler/api/repos`)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from drone_mcp_simulator.paging import page_of
from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.routing import Ask, answer, no_content, route
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


async def list_all(ask: Ask) -> Response:
    """All repositories; `per_page` has no maximum here."""
    repos = page_of(list(ask.world.repos.values()), ask.value("page"), ask.value("per_page"), maximum=None)
    return answer([repo.to_json() for repo in repos])


async def find(ask: Ask) -> Response:
    """One repository, with the caller's permissions where there is a row of them."""
    return answer(ask.repo.to_json(permissions=ask.world.perm(ask.repo, ask.user)))


async def update(ask: Ask) -> Response:
    """Change settings; nothing is validated, and what only a system administrator may set is silently ignored."""
    data = ask.json()
    names = SETTINGS + (SYSADMIN_SETTINGS if ask.caller.admin else ())
    for name in names:
        if data.get(name) is not None:
            setattr(ask.repo, name, data[name])
    ask.repo.version += 1
    return answer(ask.repo.to_json())


async def enable(ask: Ask) -> Response:
    """Switch the repository on."""
    ask.world.enable(ask.repo, ask.caller)
    ask.world.notify("repo", "enabled", user=ask.caller.to_json(), repo=ask.repo.to_json())
    return answer(ask.repo.to_json())


async def disable(ask: Ask) -> Response:
    """Switch it off, or with `remove=true` forget it: 200 with the repository, not 204."""
    ask.repo.active = False
    ask.repo.version += 1
    action = "disabled"
    if ask.value("remove") == "true":
        action = "deleted"
        del ask.world.repos[ask.repo.slug]
    ask.world.notify("repo", action, repo=ask.repo.to_json())
    return answer(ask.repo.to_json())


async def chown(ask: Ask) -> Response:
    """Make the caller its owner."""
    ask.repo.user_id = ask.caller.id
    ask.repo.version += 1
    return answer(ask.repo.to_json())


async def repair(ask: Ask) -> Response:
    """Refresh it from the host."""
    if ask.world.user_by_id(ask.repo.user_id) is None or ask.repo.slug not in ask.world.scm:
        raise NoRows
    ask.repo.version += 1
    return answer(ask.repo.to_json())


def _collaborator(ask: Ask, user: User, perm: Perm) -> dict[str, Any]:
    times = {"synced": perm.synced, "created": perm.created, "updated": perm.updated}
    who = {"user_id": user.id, "repo_id": ask.repo.uid, "login": user.login, "avatar": user.avatar}
    return {**who, **perm.to_json(), **times}


def _perm_of(ask: Ask) -> tuple[User, Perm]:
    user = ask.world.users.get(ask.params["member"])
    perm = ask.world.perm(ask.repo, user)
    if user is None or perm is None:
        raise NoRows
    return user, perm


async def collaborators(ask: Ask) -> Response:
    """Who has a row of permissions."""
    users = sorted(ask.world.users.values(), key=lambda user: user.login)
    rows = [(user, ask.world.perm(ask.repo, user)) for user in users]
    return answer([_collaborator(ask, user, perm) for user, perm in rows if perm])


async def collaborator(ask: Ask) -> Response:
    """One row: the permissions alone."""
    return answer(_perm_of(ask)[1].to_json())


async def remove_collaborator(ask: Ask) -> Response:
    """Delete a row."""
    user, _ = _perm_of(ask)
    del ask.world.perms[ask.repo.uid, user.id]
    return no_content()


REPO = "/api/repos/{owner}/{name}/"
ROUTES = [
    route("GET", "/api/repos/", Need.SYSADMIN, list_all),
    route("GET", REPO, Need.READ, find),
    route("PATCH", REPO, Need.ADMIN, update),
    route("POST", REPO, Need.ADMIN, enable),
    route("DELETE", REPO, Need.ADMIN, disable),
    route("POST", REPO + "chown", Need.ADMIN, chown),
    route("POST", REPO + "repair", Need.ADMIN, repair),
    route("GET", REPO + "collaborators/", Need.READ, collaborators),
    route("GET", REPO + "collaborators/{member}", Need.READ, collaborator),
    route("DELETE", REPO + "collaborators/{member}", Need.ADMIN, remove_collaborator),
]
