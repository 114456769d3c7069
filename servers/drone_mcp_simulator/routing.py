"""Routing like Drone's router (go-chi/chi v3): a table of routes, plain 404 and empty 405 for other requests."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from starlette.responses import Response

from drone_mcp_simulator import gojson

if TYPE_CHECKING:
    from starlette.requests import Request

    from drone_mcp_simulator.permissions import AccessLevel
    from drone_mcp_simulator.records import Repo, User
    from drone_mcp_simulator.world import World


class ErrorResponse(Exception):
    """An error response with Drone's message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class RequestContext:
    """One request with the results of routing and of the access check."""

    world: World
    request: Request
    params: dict[str, str]
    user: User | None = None
    repo_found: Repo | None = None
    body: bytes = b""
    query: dict[str, str] = field(default_factory=dict)  # of a repeated key the first value, as in Go
    form: dict[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Repo:
        """The repository of a route that has one in its path."""
        if self.repo_found is None:
            raise ErrorResponse(404, "Not Found")
        return self.repo_found

    @property
    def caller(self) -> User:
        """The user of a route that is closed to guests."""
        if self.user is None:
            raise ErrorResponse(401, "Unauthorized")
        return self.user

    def value(self, name: str) -> str:
        """Return a parameter from the form or the query, like Go's `FormValue`."""
        return self.form.get(name) or self.query.get(name, "")

    def number(self, name: str) -> int:
        """Return an integer from the path."""
        return parse_int(self.params[name])

    def json(self, *, lenient: bool = False) -> dict[str, Any]:
        """Return the JSON body; answer an invalid one with the message of Go's decoder."""
        try:
            data = gojson.decode(self.body)
        except ValueError as error:
            if lenient:
                return {}
            raise ErrorResponse(400, str(error)) from error
        return data if isinstance(data, dict) else {}


def parse_int(text: str) -> int:
    """Parse an integer like Go's `strconv.ParseInt`, with its error message."""
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise ErrorResponse(400, f'strconv.ParseInt: parsing "{text}": invalid syntax')
    return int(text)


def first_values(encoded: str) -> dict[str, str]:
    """Parse a query or form; of a repeated key the first value counts."""
    values: dict[str, str] = {}
    for key, value in parse_qsl(encoded, keep_blank_values=True):
        values.setdefault(key, value)
    return values


Handler = Callable[[RequestContext], Awaitable[Response]]


@dataclass(frozen=True)
class Route:
    """One route of the table."""

    method: str
    pattern: re.Pattern[str]
    level: AccessLevel
    handler: Handler


def route(method: str, path: str, level: AccessLevel, handler: Handler) -> Route:
    """Build a route. `{name}` matches one segment, `{name...}` the rest; a final `/` is optional."""
    text = re.sub(r"\{(\w+)\.\.\.\}", r"(?P<\1>.+)", path)
    text = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", text)
    if text.endswith("/") and text != "/":
        text += "?"
    return Route(method, re.compile(text), level, handler)


def find(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | int:
    """Find the route of a request, or return the status 404 or 405."""
    is_known = False
    for row in routes:
        match = row.pattern.fullmatch(path)
        if match and row.method in (method, "ANY"):
            return row, match.groupdict()
        is_known |= match is not None
    return 405 if is_known else 404


def answer(data: Any, status: int = 200) -> Response:
    """Build a JSON response, without a charset and with the newline of Go's encoder."""
    return Response(gojson.encode(data), status, {"content-type": "application/json"})


def answer_error(status: int, message: str) -> Response:
    """Build an error response."""
    return answer({"message": message}, status)


def no_content() -> Response:
    """Build a response with status 204."""
    return Response(status_code=204)


def see_other(location: str) -> Response:
    """Build the redirect of Go's `http.Redirect`, which has a page for those who read it."""
    page = f'<a href="{escape(location)}">See Other</a>.\n\n'
    return Response(page, 303, {"location": location, "content-type": "text/html; charset=utf-8"})


def page_not_found() -> Response:
    """Build the response of Go's `http.NotFound`."""
    return answer_plain_error(404, "404 page not found")


def answer_plain_error(status: int, message: str) -> Response:
    """Build the response of Go's `http.Error`."""
    headers = {"content-type": "text/plain; charset=utf-8", "x-content-type-options": "nosniff"}
    return Response(message + "\n", status, headers)
