"""Routes as Drone's router (chi 3) has them: a table, a permission each, plain 404 and empty 405 for the rest."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from drone_mcp_simulator import gojson

if TYPE_CHECKING:
    from starlette.requests import Request

    from drone_mcp_simulator.permissions import Need
    from drone_mcp_simulator.records import Repo, User
    from drone_mcp_simulator.world import World


class Refusal(Exception):
    """An answer other than success, with Drone's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Ask:
    """One request, with what the router and the permission check have found."""

    world: World
    request: Request
    params: dict[str, str]
    user: User | None = None
    repo_found: Repo | None = None
    body: bytes = b""
    query: dict[str, str] = field(default_factory=dict)  # of a repeated key the first value, as Go takes it
    form: dict[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Repo:
        """The repository of a route that has one."""
        if self.repo_found is None:
            raise Refusal(404, "Not Found")
        return self.repo_found

    @property
    def caller(self) -> User:
        """The user of a route that guests never reach."""
        if self.user is None:
            raise Refusal(401, "Unauthorized")
        return self.user

    def value(self, name: str) -> str:
        """A parameter from a form body or from the query, like Go's `FormValue`."""
        return self.form.get(name) or self.query.get(name, "")

    def number(self, name: str) -> int:
        """A whole number from the path."""
        return parse_int(self.params[name])

    def json(self, *, lenient: bool = False) -> dict[str, Any]:
        """The JSON body; a bad one is refused in Go's words."""
        try:
            data = gojson.decode(self.body)
        except ValueError as error:
            if lenient:
                return {}
            raise Refusal(400, str(error)) from error
        return data if isinstance(data, dict) else {}


def parse_int(text: str) -> int:
    """Go's `strconv.ParseInt`, its refusal included."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise Refusal(400, f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def first_values(encoded: str) -> dict[str, str]:
    """A query or form; of a repeated key the first value."""
    values: dict[str, str] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        values.setdefault(key, value)
    return values


Handler = Callable[[Ask], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One row of the table."""

    method: str
    pattern: re.Pattern[str]
    need: Need
    handler: Handler


def route(method: str, path: str, need: Need, handler: Handler) -> Route:
    """A row. `{name}` is one segment, `{name...}` the rest; callers may leave a final `/` out, but add none."""
    text = re.sub(r"\{(\w+)\.\.\.\}", r"(?P<\1>.+)", path)
    text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text)
    if text.endswith("/") and text != "/":
        text += "?"
    return Route(method, re.compile(text), need, handler)


def find(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | int:
    """The row for a request, or the status 404 or 405."""
    is_known = False
    for row in routes:
        match = row.pattern.fullmatch(path)
        if match and row.method in (method, "ANY"):
            return row, match.groupdict()
        is_known |= match is not None
    return 405 if is_known else 404


def answer(data: Any, status: int = 200) -> Response:
    """A JSON answer, without a charset, with the newline of Go's encoder."""
    return Response(gojson.encode(data), status, {"content-type": "application/json"})


def refuse(status: int, message: str) -> Response:
    """The one error shape."""
    return answer({"message": message}, status)


def no_content() -> Response:
    """204."""
    return Response(status_code=204)


def page_not_found() -> Response:
    """What Go's `http.NotFound` sends."""
    headers = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
    return Response("404 page not found\n", 404, headers)
