"""Subscriptions to resources, in both eras of the protocol: one watch per address while it has subscribers.

Clients of 2026-07-28 hold a `subscriptions/listen` request open, those before it send `resources/subscribe`. The SDK
serves the first without reporting the addresses to the server, and does not serve the second.
"""

from __future__ import annotations

import logging
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
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

from ci_mcp_kit import logs
from ci_mcp_kit.background import BackgroundTask
from ci_mcp_kit.resources_and_prompts import protocol_error
from ci_mcp_kit.sdk_internals import lowlevel_server
from drone_mcp_client.errors import InvalidInput, ServiceError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator

    from mcp.server.context import ServerRequestContext
    from mcp.server.mcpserver import MCPServer
    from mcp.server.session import ServerSession

    from ci_mcp_kit.outgoing_text import Cleaner

    Changes = Callable[[str], AsyncIterator[None]]

logger = logging.getLogger(__name__)

MOST_WATCHED = 100  # addresses of one caller; each may hold a connection to Drone
RETRY_SECONDS = 30.0  # after a failure, from which the watch goes on as long as there are subscribers


@dataclass(frozen=True)
class Subscriber:
    """A client that has subscribed with `resources/subscribe`, and its caller."""

    session: ServerSession
    caller: str


class Subscriptions:
    """Notifies subscribers of changed resources.

    Args:
        changes: yields whenever the resource of an address has changed; ends where it no longer can.
        check: raises `ServiceError` for an address that cannot be subscribed to.
        clean: for the text of errors.
    """

    def __init__(self, changes: Changes, check: Callable[[str], Awaitable[None]], clean: Cleaner) -> None:
        self._changes = changes
        self._check = check
        self._clean = clean
        self._bus = InMemorySubscriptionBus()
        self._listening = ListenHandler(self._bus)
        self._sessions: dict[str, list[Subscriber]] = {}
        self._wanted: Counter[tuple[str, str]] = Counter()  # (caller, address) -> subscriptions
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
        # Each of them is asked for, so no more than can be watched.
        uris = list(dict.fromkeys(map(str, params.notifications.resource_subscriptions or ())))[:MOST_WATCHED]
        known = []
        for uri in uris:
            try:
                await self._check(uri)
            except ServiceError as error:
                logger.info("A subscription will never report a change: %s", error)
            else:
                known.append(uri)
        with self._watching(known):
            return await self._listening(context, params)

    async def _subscribe(self, context: ServerRequestContext[Any, Any], params: SubscribeRequestParams) -> EmptyResult:
        uri = str(params.uri)
        try:
            await self._check(uri)
        except ServiceError as error:
            raise protocol_error(error, self._clean) from error
        if self._of_same_client(uri, context.session) is None:
            subscriber = Subscriber(context.session, logs.caller())
            if not self._want(subscriber.caller, uri):
                message = f"There are subscriptions to {MOST_WATCHED} addresses, as many as a caller may have"
                too_many = InvalidInput(message, next_step="Unsubscribe from one of them first")
                raise protocol_error(too_many, self._clean)
            self._sessions.setdefault(uri, []).append(subscriber)
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
            self._unwant(subscribed.caller, uri)

    def _of_same_client(self, uri: str, session: ServerSession) -> Subscriber | None:
        """Find what a client subscribed as: each request has a session of its own, `client_params` stays."""
        others = self._sessions.get(uri, ())
        return next((other for other in others if other.session.client_params is session.client_params), None)

    @contextmanager
    def _watching(self, wanted: Iterable[str]) -> Iterator[None]:
        """Watch addresses, each once, while a stream is open."""
        caller = logs.caller()
        watched = [uri for uri in wanted if self._want(caller, uri)]
        try:
            yield
        finally:
            for uri in watched:
                self._unwant(caller, uri)

    def _want(self, caller: str, uri: str) -> bool:
        """Watch an address; return False where the caller has as many as one may have."""
        if (caller, uri) not in self._wanted and sum(who == caller for who, _ in self._wanted) >= MOST_WATCHED:
            logger.warning("More than %d addresses are subscribed to; the rest is not watched", MOST_WATCHED)
            return False
        self._wanted[caller, uri] += 1
        # A watch ends with its build, or where Drone cannot be read; another subscriber is a reason to try again.
        running = self._watches.get(uri)
        if running is None or running.is_done:
            self._watches[uri] = BackgroundTask(self._watch, uri)
        return True

    def _unwant(self, caller: str, uri: str) -> None:
        self._wanted[caller, uri] -= 1
        if self._wanted[caller, uri] <= 0:
            del self._wanted[caller, uri]
        if not any(wanted == uri for _, wanted in self._wanted):
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
        for session in [subscriber.session for subscriber in self._sessions.get(uri, ())]:
            try:
                await session.send_resource_updated(uri)
            except Exception as error:  # noqa: BLE001 - whatever it was, this client is gone and others are not
                logger.info("A subscriber is gone: %s", error)
                self._forget(uri, session)
