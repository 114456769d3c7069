"""The current user and, for system administrators, all users.

harness/drone v2.25.0, `handler/api/user` and `handler/api/users`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.records import User
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route
from drone_mcp_simulator.world import ACCESS, NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

RECENT = 25
LONGEST_LOGIN = 50


async def show_me(ctx: RequestContext) -> Response:
    """Show the caller."""
    return answer(ctx.caller.to_json())


async def update_me(ctx: RequestContext) -> Response:
    """Change the caller's email; a missing one clears it."""
    ctx.caller.email = str(ctx.json().get("email", ""))
    return answer(ctx.caller.to_json())


async def show_token(ctx: RequestContext) -> Response:
    """Show the caller's token; with `rotate=true` a new one."""
    if ctx.value("rotate") == "true":
        ctx.caller.token = ctx.world.derive_hex("token", ctx.caller.login, ctx.world.next_id("rotations"))
    return answer({**ctx.caller.to_json(), "token": ctx.caller.token})


async def list_my_repos(ctx: RequestContext) -> Response:
    """List the caller's repositories; with `latest=true` each with its newest build."""
    with_build = ctx.value("latest") == "true"
    shown = []
    for repo in ctx.world.list_repos(ctx.caller):
        builds = ctx.world.list_builds(repo) if with_build else []
        shown.append(repo.to_json(build=builds[0].bare() if builds else None))
    return answer(shown)


async def sync(ctx: RequestContext) -> Response:
    """Import the caller's repositories from the source code host."""
    ctx.world.sync(ctx.caller)
    if ctx.value("async") == "true":
        return no_content()
    return answer([repo.to_json() for repo in ctx.world.list_repos(ctx.caller)])


async def list_my_builds(ctx: RequestContext) -> Response:
    """List the newest 25 builds of the caller's repositories."""
    repos = {repo.id: repo for repo in ctx.world.list_repos(ctx.caller)}
    builds = [build for build in ctx.world.builds.values() if build.repo_id in repos]
    builds.sort(key=lambda build: build.id, reverse=True)
    return answer([repos[build.repo_id].to_json(build=build.bare()) for build in builds[:RECENT]])


async def list_remote_repos(ctx: RequestContext) -> Response:
    """List the caller's repositories at the source code host."""
    remotes = [remote for remote in ctx.world.scm.values() if ctx.caller.login in remote.access]
    return answer([ctx.world.describe_repo(remote).to_json() for remote in remotes])


async def show_remote_repo(ctx: RequestContext) -> Response:
    """Show one repository of the source code host, with the caller's permissions there."""
    remote = ctx.world.scm.get(f"{ctx.params['owner']}/{ctx.params['name']}")
    access = remote.access.get(ctx.caller.login) if remote else None
    if remote is None or access is None:
        raise ErrorResponse(500, "Not Found")
    read, write, admin = ACCESS[access]
    shown = ctx.world.describe_repo(remote).to_json()
    archived = shown.pop("archived")
    return answer({**shown, "permissions": {"read": read, "write": write, "admin": admin}, "archived": archived})


async def list_users(ctx: RequestContext) -> Response:
    """List all users by login."""
    users = sorted(ctx.world.users.values(), key=lambda user: user.login)
    return answer([user.to_json() for user in users])


async def create(ctx: RequestContext) -> Response:
    """Add a user; the token is shown for a machine user only."""
    data = ctx.json()
    login = str(data.get("login", ""))
    if not 1 <= len(login) <= LONGEST_LOGIN:
        raise ErrorResponse(400, "Invalid username length")
    if not re.fullmatch(r"[.a-zA-Z0-9_-]+", login):
        raise ErrorResponse(400, "Invalid character in username")
    text = str(data.get("token", ""))
    if ctx.world.find_user_by_token(text):  # of two indexes, SQLite asks the newer one first
        raise ErrorResponse(500, "UNIQUE constraint failed: users.user_hash")
    if login in ctx.world.users:
        raise ErrorResponse(500, "UNIQUE constraint failed: users.user_login")
    machine = bool(data.get("machine"))
    email = "" if machine else f"{login}@example.com"  # of a human, Drone asks the source code host
    user = User(0, login, email, machine=machine, admin=bool(data.get("admin")), token=text)
    ctx.world.add_user(user)
    ctx.world.notify("user", "created", user=user.to_json())
    return answer({**user.to_json(), "token": user.token} if user.machine else user.to_json())


def _find_user(ctx: RequestContext) -> User:
    key = ctx.params["user"]
    user = ctx.world.users.get(key)
    if user is None and key.isdigit():
        user = ctx.world.find_user(int(key))
    if user is None:
        raise NoRows
    return user


async def show(ctx: RequestContext) -> Response:
    """Show one user, by login or by id."""
    return answer(_find_user(ctx).to_json())


async def update(ctx: RequestContext) -> Response:
    """Change `admin` or `active`; deactivating a user also revokes `admin`."""
    user, data = _find_user(ctx), ctx.json()
    if data.get("admin") is not None:
        user.admin = bool(data["admin"])
    if data.get("active") is not None:
        user.active = bool(data["active"])
        user.admin = user.admin and user.active
    return answer(user.to_json())


async def delete(ctx: RequestContext) -> Response:
    """Remove a user."""
    user = _find_user(ctx)
    del ctx.world.users[user.login]
    ctx.world.notify("user", "deleted", user=user.to_json())
    return no_content()


async def rotate_token(ctx: RequestContext) -> Response:
    """Give a user a new token, which the response does not contain."""
    user = _find_user(ctx)
    user.token = ctx.world.derive_hex("token", user.login, ctx.world.next_id("rotations"))
    return answer({**user.to_json(), "message": "Token rotated successfully."})


async def list_repos(ctx: RequestContext) -> Response:
    """List a user's repositories."""
    return answer([repo.to_json() for repo in ctx.world.list_repos(_find_user(ctx))])


ROUTES = [
    route("GET", "/api/user/", AccessLevel.USER, show_me),
    route("PATCH", "/api/user/", AccessLevel.USER, update_me),
    route("POST", "/api/user/token", AccessLevel.USER, show_token),
    route("GET", "/api/user/repos", AccessLevel.USER, list_my_repos),
    route("POST", "/api/user/repos", AccessLevel.USER, sync),
    route("GET", "/api/user/builds", AccessLevel.USER, list_my_builds),
    route("GET", "/api/user/builds/recent", AccessLevel.USER, list_my_builds),
    route("GET", "/api/user/remote/repos", AccessLevel.USER, list_remote_repos),
    route("GET", "/api/user/remote/repos/{owner}/{name}", AccessLevel.USER, show_remote_repo),
    route("GET", "/api/users/", AccessLevel.SYSADMIN, list_users),
    route("POST", "/api/users/", AccessLevel.SYSADMIN, create),
    route("GET", "/api/users/{user}", AccessLevel.SYSADMIN, show),
    route("PATCH", "/api/users/{user}", AccessLevel.SYSADMIN, update),
    route("DELETE", "/api/users/{user}", AccessLevel.SYSADMIN, delete),
    route("POST", "/api/users/{user}/token/rotate", AccessLevel.SYSADMIN, rotate_token),
    route("GET", "/api/users/{user}/repos", AccessLevel.SYSADMIN, list_repos),
]
