"""Validates tokens by asking an identity server (OAuth 2.0 Token Introspection, RFC 7662)."""

from __future__ import annotations

import time
from collections import OrderedDict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import httpx
from typing_extensions import override

from ci_mcp_kit.errors import AuthenticationFailed, ServiceFailed, Unreachable
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.secret_files import read_secret
from drone_mcp_node_agent.auth.callers import SERVICE, Authenticator, Caller, Role
from drone_mcp_node_agent.auth.token_file import digest

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_node_agent.configuration.model import Introspection

CACHE_SECONDS: Final = 30.0
LARGEST_ANSWER: Final = 64 * 1024
NEXT_STEP: Final = "Ask whether the identity server of the node is up; nothing was done"


def caller_of(answer: Any, admin_scope: str, reader_scope: str, now: float) -> Caller | None:
    """Return the owner of a token by the identity server's answer (RFC 7662, section 2.2); None if it is not active.

    Raises:
        ValueError: the answer is not a valid introspection response.
    """
    if not isinstance(answer, dict) or not isinstance(answer.get("active"), bool):
        raise ValueError("it has no member active")  # noqa: TRY004 - the answer is wrong, not our call
    expires = answer.get("exp")
    if not answer["active"] or (isinstance(expires, int | float) and expires <= now):
        return None
    name = next((str(answer[key]) for key in ("username", "sub", "client_id") if answer.get(key)), "")
    if not name:
        raise ValueError("it names no owner of the token")
    scopes = str(answer.get("scope") or "").split()
    granted = {Role.ADMIN: admin_scope, Role.READER: reader_scope}
    roles = frozenset(role for role, scope in granted.items() if scope in scopes)
    return Caller(name, roles, datetime.fromtimestamp(expires, UTC) if isinstance(expires, int | float) else None)


class IdentityServer(Authenticator):
    """Validates tokens by an identity server.

    Its answers are kept for 30 seconds under the SHA-256 of the token, and never beyond the end of the token. A revoked
    token may work for so long (RFC 7662, section 4). Refusals are kept too, so that a client with a wrong token does
    not burden the identity server.

    Args:
        settings: where the server is, and which scopes give roles.
        clock: the time, in seconds since 1970.
        entries: how many answers are kept.
    """

    def __init__(self, settings: Introspection, clock: Callable[[], float] = time.time, entries: int = 1024) -> None:
        self._settings = settings
        self._clock = clock
        self._entries = entries
        self._known: OrderedDict[str, tuple[float, Caller | None]] = OrderedDict()

    @override
    async def authenticate(self, token: str) -> Caller:
        key = digest(token)
        until, caller = self._known.get(key, (0.0, None))
        if self._clock() >= until:
            caller = await self._introspect(token)
            until = self._clock() + CACHE_SECONDS
            if caller and caller.expires:
                until = min(until, caller.expires.timestamp())
            self._known[key] = (until, caller)
            self._known.move_to_end(key)
            while len(self._known) > self._entries:
                self._known.popitem(last=False)
        if caller is None:
            raise AuthenticationFailed(
                "The token is wrong or has expired",
                next_step="Get a new token of the node's identity server",
                service=SERVICE,
            )
        return caller

    async def _introspect(self, token: str) -> Caller | None:
        settings = self._settings
        secret = read_secret(settings.client_secret_file)
        if secret is None:
            raise ServiceFailed(
                "The node cannot read the secret with which it asks its identity server",
                next_step="Run `drone-nodes-agent check-config` on the node",
                service=SERVICE,
            )
        # Encoded before they are joined (RFC 6749, section 2.3.1).
        auth = httpx.BasicAuth(quote(settings.client_id, safe=""), quote(secret, safe=""))
        body = {"token": token, "token_type_hint": "access_token"}
        try:
            async with (
                http_client(settings.url, ca_file=settings.ca_file, timeout=settings.timeout) as client,
                client.stream("POST", settings.url, data=body, auth=auth) as response,
            ):
                answer = await _read(response)
        except httpx.TimeoutException:
            raise Unreachable("The node's identity server did not answer in time", next_step=NEXT_STEP) from None
        except (httpx.HTTPError, OSError) as error:
            raise Unreachable(
                f"The node's identity server cannot be reached ({type(error).__name__})", next_step=NEXT_STEP
            ) from None
        try:
            return caller_of(answer, settings.admin_scope, settings.reader_scope, self._clock())
        except ValueError as error:
            raise Unreachable(
                f"The node's identity server gave an invalid introspection response: {error}", next_step=NEXT_STEP
            ) from None


async def _read(response: httpx.Response) -> Any:
    """Return the JSON of an answer.

    Raises:
        Unreachable: the server did not accept the request, or its answer is too large.
    """
    if response.status_code != httpx.codes.OK:
        hint = " Check client_id and client_secret_file." if response.status_code == httpx.codes.UNAUTHORIZED else ""
        raise Unreachable(
            f"The node's identity server answered {response.status_code} to the introspection of a token.{hint}",
            next_step=NEXT_STEP,
        )
    body = b""
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise Unreachable("The answer of the node's identity server is too large", next_step=NEXT_STEP)
    try:
        return httpx.Response(httpx.codes.OK, content=body).json()
    except ValueError:
        return None
