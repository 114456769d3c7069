"""A request to the API: its user, what they may do, and its answer."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from gitea_simulator.records import Repository, Right, Token, User
    from gitea_simulator.world import Gitea

JSON: Final = "application/json;charset=utf-8"
CACHE: Final = {"cache-control": "max-age=0, private, must-revalidate", "x-content-type-options": "nosniff"}
NO_SUDO: Final = "Only administrators allowed to sudo."
WRONG_LOGIN: Final = "invalid username, password or token"


class Refusal(Exception):
    """An error response. `message` is None for one without a body."""

    def __init__(self, status: int, message: str | None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


@dataclass
class Context:
    """One request, after its user and repository were found."""

    world: Gitea
    request: Request
    params: dict[str, str]
    user: User | None = None
    token: Token | None = None
    found: Repository | None = None
    body: bytes = b""
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def repo(self) -> Repository:
        """The repository in the path."""
        if self.found is None:
            raise Refusal(404, "not found")
        return self.found

    @property
    def caller(self) -> User:
        """The user of a route that is closed to guests."""
        if self.user is None:
            raise Refusal(401, "token is required")
        return self.user

    def number(self, name: str = "number") -> int:
        """Return a number in the path."""
        text = self.params[name]
        if not (text.isascii() and text.isdecimal()):
            raise Refusal(404, "not found")
        return int(text)

    def may(self, right: Right) -> bool:
        """Check whether the caller has a right in the repository."""
        return self.world.may(self.repo, self.user, right)

    def json(self) -> dict[str, Any]:
        """Return the body; the messages about a wrong one are those of Go's decoder, as far as clients meet them."""
        if self.body and not self.request.headers.get("content-type"):
            raise Refusal(422, "[]: Empty Content-Type")
        try:
            data = json.loads(self.body or b"{}", object_pairs_hook=_refuse_duplicates)
        except UnicodeDecodeError:
            raise Refusal(422, "[]: jsontext: invalid UTF-8") from None
        except ValueError as error:
            raise Refusal(422, f"[]: jsontext: {error}") from None
        return data if isinstance(data, dict) else {}


def _refuse_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f'duplicate object member name "{name}"')
        found[name] = value
    return found


def find_caller(world: Gitea, authorization: str) -> tuple[User | None, Token | None]:
    """Return who asks and with which token; nobody without the header.

    Raises:
        Refusal: the token or password is wrong, which is never taken for a guest's.
    """
    if not authorization:
        return None, None
    kind, _, secret = authorization.partition(" ")
    if kind.lower() in {"token", "bearer"}:
        token = world.tokens.get(secret.strip())
        if token is None:
            raise Refusal(401, WRONG_LOGIN)
        token.used = world.now()
        return token.user, token
    try:
        login, _, password = base64.b64decode(secret).decode().partition(":")
    except ValueError:
        raise Refusal(401, WRONG_LOGIN) from None
    user = world.users.get(login.lower())
    # The simulator knows no passwords: that of a user is their login.
    if user is None or password != login:
        raise Refusal(401, WRONG_LOGIN)
    return user, None


def check_scope(token: Token | None, area: str, *, writes: bool) -> None:
    """Refuse a token that lacks the scope of a route (go-gitea/gitea v1.27.3, routers/api/v1/api.go)."""
    if token is None or not area or "all" in token.scopes:
        return
    wanted = f"{'write' if writes else 'read'}:{area}"
    if f"write:{area}" in token.scopes or wanted in token.scopes:
        return
    held = ",".join(token.scopes)
    raise Refusal(
        403, f"token does not have at least one of required scope(s), required=[{wanted}], token scope={held}"
    )


def answer(data: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Build a JSON response."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(text, status, {**CACHE, "content-type": JSON, **(headers or {})})


def answer_text(text: str | bytes, headers: Mapping[str, str] | None = None, status: int = 200) -> Response:
    """Build a response of plain text."""
    return Response(text, status, {**CACHE, "content-type": "text/plain; charset=utf-8", **(headers or {})})


def answer_refusal(world: Gitea, refusal: Refusal) -> Response:
    """Build an error response."""
    if refusal.message == NO_SUDO:  # the one error that the API's own form does not have
        return answer({"message": refusal.message}, refusal.status)
    if refusal.message is None:
        return Response(status_code=refusal.status, headers=CACHE)
    return answer({"message": refusal.message, "url": f"{world.url}/api/swagger"}, refusal.status)


def no_content(status: int = 204) -> Response:
    """Build a response without a body."""
    return Response(status_code=status, headers=CACHE)
