"""Routes requests over HTTP: from the caller's token to a role, and to one of its servers."""

from __future__ import annotations

import logging
import math
import re
from contextlib import ExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from ci_mcp_kit import logs, observing
from ci_mcp_kit.http_app import (
    MAX_OPEN,
    HttpApp,
    OpenRequests,
    Refused,
    bearer,
    check_bearer,
    check_filled_in,
    unauthorized,
)
from drone_mcp_config.errors import UserError
from drone_mcp_config.serving.pool import Pool, SetKey

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from ci_mcp_kit.http_settings import HttpSettings
    from drone_mcp_config.installation.server_manifest import ManifestService
    from drone_mcp_config.roles.delegated_servers import RoleChoice
    from drone_mcp_config.serving.callers import CallerBook, Limits

    Services = Collection[ManifestService]

logger = logging.getLogger(__name__)

_PATH = re.compile(r"/([a-z][a-z0-9-]{0,31})/mcp/?")  # the names of servers in role files (`roles.model.NAME`)
# Visible ASCII, so that it can be sent on in a header as it is (RFC 9110, section 5.5).
_TOKEN = re.compile(r"[\x21-\x7e]{1,256}")


def one_role(
    role: RoleChoice, services_of: Callable[[RoleChoice], Services], settings: HttpSettings
) -> Callable[[Request], SetKey]:
    """Serve everybody who has the process's token (if it has one) with one role."""

    def identify(request: Request) -> SetKey:
        check_bearer(request, settings)
        _refuse_own_tokens(request, services_of(role))
        observing.set_role(str(role))
        return SetKey(role)

    return identify


def many_roles(
    book: CallerBook, services_of: Callable[[RoleChoice], Services], limits: Limits
) -> Callable[[Request], SetKey]:
    """Serve each caller with the role that the book has for their token, and which asks the services of that role."""

    def identify(request: Request) -> SetKey:
        caller = book.find(bearer(request))
        if caller is None:
            raise unauthorized("This token is unknown here, or not any more")
        logs.set_caller(caller.name)
        observing.set_role(str(caller.choice))
        # After the token: requests without a valid one must not use up a caller's limit.
        wait = limits.wait(caller)
        if wait:
            message = f"{caller.name} may ask {caller.per_minute} times a minute"
            # Whole seconds (RFC 9110, section 10.2.3), rounded up so that the next try is not too early.
            raise Refused(429, message, {"Retry-After": str(math.ceil(wait))})
        services = services_of(caller.choice)
        if caller.drone == "caller":
            tokens = tuple((service.token, _own_token(request, service)) for service in services)
            return SetKey(caller.choice, tokens, caller.name)
        _refuse_own_tokens(request, services)
        return SetKey(caller.choice)

    return identify


def _own_token(request: Request, service: ManifestService) -> str:
    """Return the token for a service that a caller has to send."""
    values = request.headers.getlist(service.token_header)
    if len(values) == 1:
        check_filled_in(service.token_header, values[0])
    # With two values it is unclear which one the caller meant.
    if len(values) != 1 or not _TOKEN.fullmatch(values[0]):
        raise Refused(400, f"Send your own token for {service.name} in the header {service.token_header}")
    return values[0]


def _refuse_own_tokens(request: Request, services: Services) -> None:
    """Refuse a token that would not be used: the caller would take the role's user for themselves."""
    for service in services:
        header = service.token_header
        if header in request.headers:
            raise Refused(403, f"{service.name} is asked as the role's user here; leave the header {header} out")


async def _find(pool: Pool, key: SetKey, name: str) -> ASGIApp:
    try:
        return await pool.find(key, name)
    except UserError as error:  # a role that came with a change of the file, whose settings are wrong
        logger.error("The role %s cannot be served: %s", key.role, error)  # noqa: TRY400 - its text says it all
        raise Refused(
            503, "Your role cannot be served here; the operator of this server finds the reason in its log"
        ) from error


@asynccontextmanager
async def serving_app(
    settings: HttpSettings,
    pool: Pool,
    identify: Callable[[Request], SetKey],
    roles: Iterable[RoleChoice],
    ready: Callable[[], bool] = lambda: True,
    max_open: int = MAX_OPEN,
) -> AsyncIterator[HttpApp]:
    """Run `roles` while the block runs; yields the application that serves them.

    `max_open` is how many requests of one caller are answered at once.

    Raises:
        UserError: a server's settings are wrong.
    """
    open_requests = OpenRequests(max_open)

    async def route(request: Request, path: re.Match[str]) -> ASGIApp:
        # First: callers without a token must not learn which servers there are.
        key = identify(request)
        with ExitStack() as until_answered:
            until_answered.enter_context(open_requests.counted(logs.caller()))
            app = await _find(pool, key, path[1])
            rest = until_answered.pop_all()

        async def counted(scope: Scope, receive: Receive, send: Send) -> None:
            with rest:
                await app(scope, receive, send)

        return counted

    async with pool.running():
        for role in sorted(roles):
            await pool.start(SetKey(role))
        yield HttpApp(settings, _PATH, route, ready)
