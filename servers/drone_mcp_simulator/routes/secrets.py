"""Secrets of repositories and organizations (harness/drone v2.25.0, `handler/api/{repos/secrets,secrets}`)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drone_mcp_simulator.permissions import AccessLevel
from drone_mcp_simulator.records import Secret
from drone_mcp_simulator.routing import ErrorResponse, RequestContext, answer, no_content, route
from drone_mcp_simulator.world import NoRows

if TYPE_CHECKING:
    from starlette.responses import Response

NAME = re.compile(r"[a-zA-Z0-9\-_.]+")


def _select_secrets(ctx: RequestContext) -> list[Secret]:
    """List the secrets of the repository or namespace in the path, or of all namespaces."""
    if "owner" in ctx.params:
        return [secret for secret in ctx.world.secrets if secret.repo_id == ctx.repo.id]
    named = [secret for secret in ctx.world.secrets if secret.namespace]
    wanted = ctx.params.get("namespace")
    return [secret for secret in named if wanted in (None, secret.namespace)]


def _find_secret(ctx: RequestContext) -> Secret:
    found = next((secret for secret in _select_secrets(ctx) if secret.name == ctx.params["key"]), None)
    if found is None:
        raise NoRows
    return found


async def list_secrets(ctx: RequestContext) -> Response:
    """List names and flags, never values."""
    return answer([secret.to_json() for secret in _select_secrets(ctx)])


async def create_secret(ctx: RequestContext) -> Response:
    """Add a secret; a duplicate name is answered with the database driver's error."""
    data = ctx.json()
    name, value = str(data.get("name", "")), str(data.get("data", ""))
    if not NAME.fullmatch(name):
        raise ErrorResponse(400, "Invalid Secret Name")
    if not value:
        raise ErrorResponse(400, "Invalid Secret Value")
    in_repo = "owner" in ctx.params
    if any(secret.name == name for secret in _select_secrets(ctx)):
        columns = "secrets.secret_repo_id, secrets.secret_name"
        if not in_repo:
            columns = "orgsecrets.secret_namespace, orgsecrets.secret_name"
        raise ErrorResponse(500, f"UNIQUE constraint failed: {columns}")
    secret = Secret(
        ctx.world.next_id("secrets" if in_repo else "orgsecrets"),
        repo_id=ctx.repo.id if in_repo else 0,
        namespace="" if in_repo else ctx.params["namespace"],
        name=name,
        data=value,
        pull_request=bool(data.get("pull_request")),
        pull_request_push=bool(data.get("pull_request_push")),
    )
    ctx.world.secrets.append(secret)
    return answer(secret.to_json())


async def show_secret(ctx: RequestContext) -> Response:
    """Show one secret without its value."""
    return answer(_find_secret(ctx).to_json())


async def update_secret(ctx: RequestContext) -> Response:
    """Change value or flags."""
    secret, data = _find_secret(ctx), ctx.json()
    if data.get("data") is not None:
        if not data["data"]:
            raise ErrorResponse(400, "Invalid Secret Value")
        secret.data = str(data["data"])
    secret.pull_request = bool(data.get("pull_request", secret.pull_request))
    secret.pull_request_push = bool(data.get("pull_request_push", secret.pull_request_push))
    return answer(secret.to_json())


async def delete_secret(ctx: RequestContext) -> Response:
    """Remove a secret."""
    ctx.world.secrets.remove(_find_secret(ctx))
    return no_content()


REPO = "/api/repos/{owner}/{name}/"
SECRETS = "/api/secrets/{namespace}"
ROUTES = [
    route("GET", REPO + "secrets/", AccessLevel.WRITE, list_secrets),
    route("POST", REPO + "secrets/", AccessLevel.WRITE, create_secret),
    route("GET", REPO + "secrets/{key}", AccessLevel.WRITE, show_secret),
    route("PATCH", REPO + "secrets/{key}", AccessLevel.WRITE, update_secret),
    route("DELETE", REPO + "secrets/{key}", AccessLevel.WRITE, delete_secret),
    route("GET", "/api/secrets/", AccessLevel.SYSADMIN, list_secrets),
    route("GET", SECRETS + "/", AccessLevel.MEMBER, list_secrets),
    route("POST", SECRETS + "/", AccessLevel.ORGADMIN, create_secret),
    route("GET", SECRETS + "/{key}", AccessLevel.MEMBER, show_secret),
    route("POST", SECRETS + "/{key}", AccessLevel.ORGADMIN, update_secret),
    route("PATCH", SECRETS + "/{key}", AccessLevel.ORGADMIN, update_secret),
    route("DELETE", SECRETS + "/{key}", AccessLevel.ORGADMIN, delete_secret),
]
