"""Subscriptions to resources, in both eras of the protocol: one watch per address while it has subscribers.

Clients of 2026-07-28 hold a `subscriptions/listen` request open, those before it send `resources/subscribe`. The SDK
serves the first without reporting the addresses to the server, and does not serve the second.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ResourceUpdated
from mcp.types import (
    EmptyResult,
    SubscribeRequestParams,
    SubscriptionsListenRequestParams,
    SubscriptionsListenResult,
    UnsubscribeRequestParams,
)

from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.resources import protocol_error
from ci_mcp_kit.sdk import lowlevel_server
from drone_mcp_client.errors import ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterable, Iterator

    from mcp.server.context import ServerRequestContext
    from mcp.server.mcpserver import MCPServer
    from mcp.server.session import ServerSession

    from ci_mcp_kit.cleaning import Cleaner

    Changes = Callable[[str], AsyncIterator[None]]

logger = logging.getLogger(__name__)

MOST_WATCHED = 100  # addresses; each may hold a connection to Drone
RETRY_SECONDS = 30.0  # after a failure, from which the watch goes on as long as there are subscribers


class Subscriptions:
    """Notifies subscribers of changed resources.

    Args:
        changes: yields whenever the resource of an address has changed; ends where it no longer can.
        check: raises `ServiceError` for an address that cannot be subscribed to.
        clean: for the text of errors.
    """

    def __init__(self, changes: Changes, check: Callable[[str], object], clean: Cleaner) -> None:
        self._changes = changes
        self._check = check
        self._clean = clean
        self._bus = InMemorySubscriptionBus()
        self._listening = ListenHandler(self._bus)
        self._sessions: dict[str, list[ServerSession]] = {}
        self._wanted: Counter[str] = Counter()
        self._watches: dict[str, BackgroundTask] = {}

    def serve(self, server: MCPServer[Any]) -> None:
        """Answer the requests of both eras."""
        handlers = lowlevel_server(server)  # `MCPServer` does not serve resources/subscribe
        handlers.add_request_handler("subscriptions/listen", SubscriptionsListenRequestParams, self._listen)
        handlers.add_request_handler("resources/subscribe", SubscribeRequestParams, self._subscribe)
        handlers.add_request_handler("resources/unsubscribe", UnsubscribeRequestParams, self._unsubscribe)

    async def close(self) -> None:
        """End all watches."""
        watches = list(self._watches.values())
        # All are cancelled before the first is awaited, so that they end at the same time.
        for watch in watches:
            watch.cancel()
        for watch in watches:
            await watch.stop()

    async def _listen(
        self, context: ServerRequestContext[Any, Any], params: SubscriptionsListenRequestParams
    ) -> SubscriptionsListenResult:
        with self._watching(params.notifications.resource_subscriptions or ()):
            return await self._listening(context, params)

    async def _subscribe(self, context: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        uri = str(params.uri)
        try:
            self._check(uri)
        except ServiceError as error:
            raise protocol_error(error, self._clean) from error
        if self._of_same_client(uri, context.session) is None:
            self._sessions.setdefault(uri, []).append(context.session)
            self._want(uri)
        return EmptyResult()

    async def _unsubscribe(
        self, context: ServerRequestContext[Any, Any], params: UnsubscribeRequestParams
    ) -> EmptyResult:
        self._forget(str(params.uri), context.session)
        return EmptyResult()

    def _forget(self, uri: str, session: ServerSession) -> None:
        subscribed = self._of_same_client(uri, session)
        if subscribed is not None:
            self._sessions[uri].remove(subscribed)
            self._unwant(uri)

    def _of_same_client(self, uri: str, session: ServerSession) -> ServerSession | None:
        """Find the session that a client subscribed with: each request has its own, `client_params` stays."""
        same = (other for other in self._sessions.get(uri, ()) if other.client_params is session.client_params)
        return next(same, None)

    @contextmanager
    def _watching(self, uris: Iterable[str]) -> Iterator[None]:
        """Watch addresses while a stream is open; an invalid one never sends a notification."""
        # Once each: the address is given up once as well, when the stream ends.
        wanted = [uri for uri in dict.fromkeys(map(str, uris)) if self._is_known(uri)]
        for uri in wanted:
            self._want(uri)
        try:
            yield
        finally:
            for uri in wanted:
                self._unwant(uri)

    def _is_known(self, uri: str) -> bool:
        try:
            self._check(uri)
        except ServiceError as error:
            logger.info("A subscription will never tell of anything: %s", error)
            return False
        return True

    def _want(self, uri: str) -> None:
        self._wanted[uri] += 1
        # A watch ends with its build, or where Drone cannot be read; another subscriber is a reason to try again.
        running = self._watches.get(uri)
        if running is None or running.is_done:
            if len(self._watches) >= MOST_WATCHED:
                logger.warning("More than %d addresses are subscribed to; the rest is not watched", MOST_WATCHED)
                return
            self._watches[uri] = BackgroundTask(self._watch, uri)

    def _unwant(self, uri: str) -> None:
        self._wanted[uri] -= 1
        if self._wanted[uri] <= 0:
            del self._wanted[uri]
            self._sessions.pop(uri, None)
            watch = self._watches.pop(uri, None)
            if watch is not None:
                watch.cancel()

    async def _watch(self, uri: str) -> None:
        while True:
            try:
                async for _ in self._changes(uri):
                    await self._notify(uri)
            except ServiceError as error:
                logger.warning("A subscribed resource cannot be watched: %s", error)
                if not error.retryable:
                    return
            except Exception:  # one watch must not take the server and its other watches with it
                logger.exception("A subscribed resource cannot be watched")
            else:
                return
            await anyio.sleep(RETRY_SECONDS)

    async def _notify(self, uri: str) -> None:
        await self._bus.publish(ResourceUpdated(uri=uri))
        # A copy, as a subscriber that is gone is removed from the list.
        for session in list(self._sessions.get(uri, ())):
            try:
                await session.send_resource_updated(uri)
            except Exception as error:  # noqa: BLE001 - whatever it was, this client is gone and others are not
                logger.info("A subscriber is gone: %s", error)
                self._forget(uri, session)
