"""The current user and, for system administrators, all users (Drone 2.25, `handler/api/user`, `handler/api/users`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drone_mcp_simulator.permissions import Need
from drone_mcp_simulator.records import User
from drone_mcp_simulator.routing import Ask, Refusal, answer, no_content, route
from drone_mcp_simulator.world import ACCESS, NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

RECENT = 25
LONGEST_LOGIN = 50


async def me(ask: Ask) -> Response:
    """Who the token belongs to."""
    return answer(ask.caller.to_json())


async def update_me(ask: Ask) -> Response:
    """Only the email is used, and a missing one clears it."""
    ask.caller.email = str(ask.json().get("email", ""))
    return answer(ask.caller.to_json())


async def token(ask: Ask) -> Response:
    """The caller's token, on request a new one."""
    if ask.value("rotate") == "true":
        ask.caller.token = ask.world.random("token", ask.caller.login, ask.world.next_id("rotations"))
    return answer({**ask.caller.to_json(), "token": ask.caller.token})


async def my_repos(ask: Ask) -> Response:
    """The caller's repositories; with `latest=true` each with its newest build."""
    with_build = ask.value("latest") == "true"
    shown = []
    for repo in ask.world.repos_of(ask.caller):
        builds = ask.world.builds_of(repo) if with_build else []
        shown.append(repo.to_json(build=builds[0].bare() if builds else None))
    return answer(shown)


async def sync(ask: Ask) -> Response:
    """Take over the repositories of the host."""
    ask.world.sync(ask.caller)
    if ask.value("async") == "true":
        return no_content()
    return answer([repo.to_json() for repo in ask.world.repos_of(ask.caller)])


async def my_builds(ask: Ask) -> Response:
    """The newest 25 builds of the caller's repositories."""
    repos = {repo.id: repo for repo in ask.world.repos_of(ask.caller)}
    builds = [build for build in ask.world.builds.values() if build.repo_id in repos]
    builds.sort(key=lambda build: build.id, reverse=True)
    return answer([repos[build.repo_id].to_json(build=build.bare()) for build in builds[:RECENT]])


async def remote_repos(ask: Ask) -> Response:
    """The caller's repositories straight from the host."""
    remotes = [remote for remote in ask.world.scm.values() if ask.caller.login in remote.access]
    return answer([ask.world.remote_repo(remote).to_json() for remote in remotes])


async def remote_repo(ask: Ask) -> Response:
    """One repository of the host, with the caller's permissions there."""
    remote = ask.world.scm.get(f"{ask.params['owner']}/{ask.params['name']}")
    access = remote.access.get(ask.caller.login) if remote else None
    if remote is None or access is None:
        raise Refusal(500, "Not Found")
    read, write, admin = ACCESS[access]
    shown = ask.world.remote_repo(remote).to_json()
    archived = shown.pop("archived")
    return answer({**shown, "permissions": {"read": read, "write": write, "admin": admin}, "archived": archived})


async def list_users(ask: Ask) -> Response:
    """All users by login."""
    users = sorted(ask.world.users.values(), key=lambda user: user.login)
    return answer([user.to_json() for user in users])


async def create(ask: Ask) -> Response:
    """Add a user; the token is shown for a machine alone."""
    data = ask.json()
    login = str(data.get("login", ""))
    if not 1 <= len(login) <= LONGEST_LOGIN:
        raise Refusal(400, "Invalid username length")
    if not re.fullmatch(r"[.a-zA-Z0-9_-]+", login):
        raise Refusal(400, "Invalid character in username")
    if login in ask.world.users:
        raise Refusal(500, "UNIQUE constraint failed: users.user_login")
    text = str(data.get("token", ""))
    if ask.world.user_by_token(text):
        raise Refusal(500, "UNIQUE constraint failed: users.user_hash")
    user = User(0, login, machine=bool(data.get("machine")), admin=bool(data.get("admin")), token=text)
    ask.world.add_user(user)
    ask.world.notify("user", "created", user=user.to_json())
    return answer({**user.to_json(), "token": user.token} if user.machine else user.to_json())


def _find(ask: Ask) -> User:
    key = ask.params["user"]
    user = ask.world.users.get(key)
    if user is None and key.isdigit():
        user = ask.world.user_by_id(int(key))
    if user is None:
        raise NoRows
    return user


async def find(ask: Ask) -> Response:
    """One user, by login or by id."""
    return answer(_find(ask).to_json())


async def update(ask: Ask) -> Response:
    """Change `admin` or `active`; who is switched off is no administrator any more."""
    user, data = _find(ask), ask.json()
    if data.get("admin") is not None:
        user.admin = bool(data["admin"])
    if data.get("active") is not None:
        user.active = bool(data["active"])
        user.admin = user.admin and user.active
    return answer(user.to_json())


async def delete(ask: Ask) -> Response:
    """Remove a user."""
    user = _find(ask)
    del ask.world.users[user.login]
    ask.world.notify("user", "deleted", user=user.to_json())
    return no_content()


async def rotate(ask: Ask) -> Response:
    """Give a user a new token, which is not told."""
    user = _find(ask)
    user.token = ask.world.random("token", user.login, ask.world.next_id("rotations"))
    return answer({**user.to_json(), "message": "Token rotated successfully."})


async def repos_of(ask: Ask) -> Response:
    """A user's repositories."""
    return answer([repo.to_json() for repo in ask.world.repos_of(_find(ask))])


ROUTES = [
    route("GET", "/api/user/", Need.USER, me),
    route("PATCH", "/api/user/", Need.USER, update_me),
    route("POST", "/api/user/token", Need.USER, token),
    route("GET", "/api/user/repos", Need.USER, my_repos),
    route("POST", "/api/user/repos", Need.USER, sync),
    route("GET", "/api/user/builds", Need.USER, my_builds),
    route("GET", "/api/user/builds/recent", Need.USER, my_builds),
    route("GET", "/api/user/remote/repos", Need.USER, remote_repos),
    route("GET", "/api/user/remote/repos/{owner}/{name}", Need.USER, remote_repo),
    route("GET", "/api/users/", Need.SYSADMIN, list_users),
    route("POST", "/api/users/", Need.SYSADMIN, create),
    route("GET", "/api/users/{user}", Need.SYSADMIN, find),
    route("PATCH", "/api/users/{user}", Need.SYSADMIN, update),
    route("DELETE", "/api/users/{user}", Need.SYSADMIN, delete),
    route("POST", "/api/users/{user}/token/rotate", Need.SYSADMIN, rotate),
    route("GET", "/api/users/{user}/repos", Need.SYSADMIN, repos_of),
]
