"""The calls that administer Drone, in addition to those of `calls`: the same rules apply.

Files in comments and docstrings are relative to handler/api of drone/drone v2.25.0. Who may send them: a repository's
secrets and scheduled jobs take the right to write, its settings and builds that to administer it; secrets and templates
of a namespace take an administrator of it, and on Gitea, which tells Drone nothing of members, a system administrator
(acl/org.go); users and the queue take a system administrator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from ci_mcp_http.call import Call, quote_input
from drone_mcp_client.call_builders import change, join_path, repo_change, repo_path
from drone_mcp_client.models import Repo, Secret, Template, User

if TYPE_CHECKING:
    from collections.abc import Mapping


class UserWithToken(User):
    """A user with the API token, as the two routes that make one answer."""

    token: str = Field(default="", repr=False)


# Repositories


def chown_repo(repo: str) -> Call[Repo]:
    """Make the token's user the owner, with whose account Drone then asks the source host (repos/chown.go)."""
    return repo_change("repos.chown", "the settings", "POST", repo, Repo, "chown")


def repair_repo(repo: str) -> Call[Repo]:
    """Read the repository from the source host again, and replace its hook there (repos/repair.go)."""
    return repo_change("repos.repair", "the settings", "POST", repo, Repo, "repair")


def purge_builds(repo: str, before: int) -> Call[None]:
    """Delete all builds with a lower number for good (repos/builds/purge.go)."""
    slug, path = repo_path(repo, "builds")
    params = (("before", str(before)),)
    return change("builds.purge", f"the builds of {slug}", "DELETE", path, None, params=params, repo=slug)


# Secrets; `namespace` in place of `repo` for those that all repositories of a namespace share


def create_secret(repo: str, body: Mapping[str, Any]) -> Call[Secret]:
    """Add a secret. A name that exists is an error of Drone's database, so this is not sent twice."""
    return repo_change(
        "secrets.create", "the secrets", "POST", repo, Secret, "secrets", body=dict(body), idempotent=False
    )


def update_secret(repo: str, name: str, body: Mapping[str, Any]) -> Call[Secret]:
    """Change the value or the rules of a secret; what is left out stays."""
    what = f"secret {quote_input(name)}"
    return repo_change("secrets.update", what, "PATCH", repo, Secret, "secrets", name, body=dict(body))


def delete_secret(repo: str, name: str) -> Call[None]:
    """Remove a secret. A missing one is an error, so this is not sent twice."""
    what = f"secret {quote_input(name)}"
    return repo_change("secrets.delete", what, "DELETE", repo, None, "secrets", name, idempotent=False)


def create_org_secret(namespace: str, body: Mapping[str, Any]) -> Call[Secret]:
    """Add a secret to a namespace."""
    what, path = f"the secrets of {namespace}", _org("secrets", namespace)
    return change("secrets.create", what, "POST", path, Secret, body=dict(body), idempotent=False)


def update_org_secret(namespace: str, name: str, body: Mapping[str, Any]) -> Call[Secret]:
    """Change a secret of a namespace."""
    what, path = f"secret {quote_input(name)} of {namespace}", _org("secrets", namespace, name)
    return change("secrets.update", what, "PATCH", path, Secret, body=dict(body))


def delete_org_secret(namespace: str, name: str) -> Call[None]:
    """Remove a secret from a namespace."""
    what, path = f"secret {quote_input(name)} of {namespace}", _org("secrets", namespace, name)
    return change("secrets.delete", what, "DELETE", path, None, idempotent=False)


# Templates


def create_template(namespace: str, name: str, text: str) -> Call[Template]:
    """Add a template."""
    body = {"name": name, "data": text}
    what, path = f"the templates of {namespace}", _org("templates", namespace)
    return change("templates.create", what, "POST", path, Template, body=body, idempotent=False)


def update_template(namespace: str, name: str, text: str) -> Call[Template]:
    """Replace the text of a template."""
    what, path = f"template {quote_input(name)} of {namespace}", _org("templates", namespace, name)
    return change("templates.update", what, "PATCH", path, Template, body={"data": text})


def delete_template(namespace: str, name: str) -> Call[None]:
    """Remove a template."""
    what, path = f"template {quote_input(name)} of {namespace}", _org("templates", namespace, name)
    return change("templates.delete", what, "DELETE", path, None, idempotent=False)


# Users


def create_user(login: str, *, machine: bool, admin: bool) -> Call[UserWithToken]:
    """Add a user. Of a machine the answer has the token, and no later one has it (users/create.go)."""
    body = {"login": login, "machine": machine, "admin": admin}
    what = f"user {quote_input(login)}"
    return change("users.create", what, "POST", "/api/users", UserWithToken, body=body, idempotent=False)


def update_user(login: str, changes: Mapping[str, bool]) -> Call[User]:
    """Change `admin` and `active`; a user who becomes inactive loses `admin` and their repositories."""
    return change("users.update", f"user {quote_input(login)}", "PATCH", _user(login), User, body=dict(changes))


def delete_user(login: str) -> Call[None]:
    """Remove a user."""
    return change("users.delete", f"user {quote_input(login)}", "DELETE", _user(login), None, idempotent=False)


def revoke_token(login: str) -> Call[User]:
    """Replace a user's token by one that no answer has (users/rotate.go)."""
    path = _user(login, "token", "rotate")
    return change("users.rotate", f"the token of user {quote_input(login)}", "POST", path, User, idempotent=False)


def rotate_own_token() -> Call[UserWithToken]:
    """Replace the token of the user who asks, and read the new one (user/token.go)."""
    params = (("rotate", "true"),)
    return change("user.rotate", "the token", "POST", "/api/user/token", UserWithToken, params=params, idempotent=False)


def _org(kind: str, namespace: str, *name: str) -> str:
    return join_path("api", kind, namespace, *name)


def _user(login: str, *parts: str) -> str:
    return join_path("api", "users", login, *parts)
