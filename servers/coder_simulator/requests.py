"""A request as the routes see it: who asks, with which token, what path and body; and the limit of requests."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl
from uuid import UUID

from coder_simulator.answers import SIGNED_OUT, Refusal, not_found

if TYPE_CHECKING:
    from starlette.requests import Request

    from coder_simulator.records import User, Workspace
    from coder_simulator.world import World

MINUTE: Final = 60.0


@dataclass
class Ask:
    """One request of a user."""

    world: World
    request: Request
    user: User
    token: str
    params: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    body: Any = None

    def may(self, right: str) -> bool:
        """Return whether the token grants a right."""
        return self.user.may(self.token, right)

    def number(self, name: str) -> int | None:
        """Return a number of the query, None where it is not there."""
        text = self.query.get(name)
        if text is None:
            return None
        if not text.isdecimal():
            word = f'strconv.ParseInt: parsing "{text}": invalid syntax'
            if text.removeprefix("-").isdecimal():
                word = "value is negative"
            detail = f'Query param "{name}" must be a valid 32-bit positive integer: {word}'
            raise Refusal(400, "Query parameters have invalid values.", fields=[(name, detail)])
        return int(text)

    def workspace(self, *, include_deleted: bool = False) -> Workspace:
        """Return the workspace whose id is in the path."""
        check_uuid(self.params["workspace"])
        found = self.world.workspaces.get(self.params["workspace"])
        if found is None or not self.sees(found):
            raise not_found()
        if found.is_deleted and not include_deleted:
            raise Refusal(
                410,
                f'Workspace "{found.id}" was deleted, you can view this workspace by specifying '
                "'?include_deleted=true' and trying again.",
            )
        return found

    def sees(self, workspace: Workspace) -> bool:
        """Return whether the user may see a workspace."""
        return self.may("read") and (workspace.owner is self.user or self.user.is_owner)

    def owner(self) -> User:
        """Return the user in the path."""
        name = self.params["owner"]
        found = self.user if name == "me" else self.world.users.get(name)
        if found is None:
            raise not_found()
        return found


def check_uuid(text: str) -> None:
    """Refuse what is no UUID."""
    try:
        UUID(text)
    except ValueError:
        raise Refusal(400, f'Invalid UUID "{text}".', f"invalid UUID length: {len(text)}") from None


def identify(world: World, request: Request) -> tuple[User, str]:
    """Return who asks, and the token.

    Raises:
        Refusal: it is not known.
    """
    kind, _, bearer = request.headers.get("authorization", "").partition(" ")
    token = request.headers.get("coder-session-token", "") or (bearer if kind.lower() == "bearer" else "")
    for user in world.users.values():
        if token in user.tokens:
            return user, token
    parts = len(token.split("-"))
    detail = "API key is invalid."
    if not token:
        detail = 'Cookie "coder_session_token" or query parameter must be provided.'
    elif parts != 2:  # noqa: PLR2004 - an id and a secret
        detail = f"Invalid API key format: incorrect amount of API key parts, expected 2 got {parts}"
    raise Refusal(401, SIGNED_OUT, detail, headers={"www-authenticate": 'Bearer realm="coder", error="invalid_token"'})


def count(world: World, user: User, path: str) -> dict[str, str]:
    """Count a request of a user to a path; return the headers that say how many are left.

    Raises:
        Refusal: there were too many in this minute.
    """
    now = world.now()
    began, used = world.windows.get((user.id, path), (now, 0))
    if now - began >= MINUTE:
        began, used = now, 0
    world.windows[user.id, path] = began, used + 1
    left = world.limit - used - 1
    headers = {
        "x-ratelimit-limit": str(world.limit),
        "x-ratelimit-remaining": str(max(0, left)),
        "x-ratelimit-reset": str(int(began + MINUTE)),
    }
    if left < 0:
        words = f"You've been rate limited for sending more than {world.limit} requests in 1m0s."
        raise Refusal(429, words, headers={"retry-after": "60", **headers})
    return headers


async def read_body(request: Request) -> Any:
    """Return the JSON of a body, None where there is none."""
    raw = await request.body()
    if not raw:
        return None
    try:
        return json.loads(raw)
    except ValueError:
        first = raw[1:2].decode("utf-8", "replace")
        detail = f"invalid character '{first}' looking for beginning of object key string"
        raise Refusal(400, "Request body must be valid JSON.", detail) from None


def read_query(request: Request) -> dict[str, str]:
    """Return the query; of a name that comes twice the first counts."""
    return dict(reversed(parse_qsl(request.url.query, keep_blank_values=True)))
