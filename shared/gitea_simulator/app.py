"""The HTTP application of a simulated Gitea: `Forge(world)`, to be mounted at any path."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import Response

from gitea_simulator.request_context import CACHE, Context, Refusal, answer_refusal, check_scope, find_caller
from gitea_simulator.routes import ROUTES

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from gitea_simulator.routes.route import Route
    from gitea_simulator.world import Gitea

API: Final = "/api/v1"
CHANGES: Final = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class Forge:
    """An ASGI app that responds like a Gitea server in the state of a world."""

    def __init__(self, world: Gitea) -> None:
        self.world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        prefix = scope.get("root_path", "")
        path = scope["path"].removeprefix(prefix)
        request = Request({**scope, "gitea_path": path}, receive)
        try:
            response = self._answer(request, path, await request.body())
        except Refusal as refusal:
            response = answer_refusal(self.world, refusal)
        await response(scope, receive, send)

    def _answer(self, request: Request, path: str, body: bytes) -> Response:
        user, token = find_caller(self.world, request.headers.get("authorization", ""))
        found = _find(request.method, path.removeprefix(API)) if path.startswith(f"{API}/") else None
        if found is None:
            return Response("404 page not found\n", 404, {**CACHE, "content-type": "text/plain; charset=utf-8"})
        row, params = found
        if row is None:
            return Response(status_code=405, headers=CACHE)
        check_scope(token, row.area, writes=request.method in CHANGES)
        query = dict(reversed(parse_qsl(request.url.query, keep_blank_values=True)))
        ctx = Context(self.world, request, params, user, token, body=body, query=query)
        if "repo" in params:
            name = f"{params['owner']}/{params['repo']}"
            if moved := self.world.renamed.get(name.lower()):
                return _redirect(request, path.replace(f"/repos/{name}", f"/repos/{moved}", 1))
            repo = self.world.repos.get(name.lower())
            if repo is None or self.world.right_of(repo, user) is None:
                raise Refusal(404, "not found")
            if repo.private and token and "public-only" in token.scopes:
                raise Refusal(404, "not found")
            ctx.found = repo
        if request.method in CHANGES and user is None:
            raise Refusal(401, "token is required")
        return row.handler(ctx)


def _find(method: str, path: str) -> tuple[Route | None, dict[str, str]] | None:
    """Return the route of a request; none with another method, None without a route."""
    is_known = False
    for row in ROUTES:
        match = row.pattern.fullmatch(path)
        if match and row.method in (method, "GET" if method == "HEAD" else ""):
            return row, match.groupdict()
        is_known |= match is not None
    return (None, {}) if is_known else None


def _redirect(request: Request, path: str) -> Response:
    """Send to the new name of a repository (Go's `http.Redirect`, which has a page only for who reads)."""
    address = f"{request.scope.get('root_path', '')}{path}"
    if request.url.query:
        address += f"?{request.url.query}"
    headers = {**CACHE, "location": address}
    if request.method not in {"GET", "HEAD"}:
        return Response(status_code=301, headers=headers)
    page = f'<a href="{address}">Moved Permanently</a>.\n\n'
    return Response(page, 301, {**headers, "content-type": "text/html; charset=utf-8"})
