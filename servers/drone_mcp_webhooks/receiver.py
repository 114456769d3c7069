"""The HTTP service: Drone's deliveries in, health and metrics out.

Drone delivers inside its own calls, waits up to a minute for the answer and never delivers again (Drone 2.25,
`plugin/webhook`). So a good delivery is answered as soon as the store has it, nothing is asked of Drone before, and
503 is said only when the store cannot keep it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from drone_mcp_state import StoreUnavailable
from drone_mcp_webhooks import metrics as m
from drone_mcp_webhooks.events import BuildSeen, RepoSeen, read_event
from drone_mcp_webhooks.patience import Patience
from drone_mcp_webhooks.verification import Refused, verify

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from drone_mcp_state import BuildStateStore

logger = logging.getLogger(__name__)

LARGEST_BODY = 4 * 2**20  # some thousand steps; a usual delivery has three kilobytes
BODY_SECONDS = 10.0  # a sender that is slower is no Drone

KEPT = Response(status_code=HTTPStatus.NO_CONTENT)


class Keys(Protocol):
    """Where the secrets come from."""

    def current(self) -> tuple[bytes, ...]:
        """The secrets that are good now."""


@dataclass
class Receiver:
    """Takes deliveries for a store. `now` is Unix time, replaceable in tests."""

    store: BuildStateStore
    keys: Keys
    max_age: float = 300.0
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    draining: bool = False
    on_loss: Callable[[], None] = lambda: None
    """Called when a delivery could not be kept."""
    _patience: Patience = field(default_factory=lambda: Patience(BODY_SECONDS))

    def app(self) -> ASGIApp:
        """The ASGI application. Deliveries go past the framework, whose way to an endpoint costs as much as parsing."""
        pages = Starlette(
            routes=[
                Route("/healthz", self.healthz),
                Route("/readyz", self.readyz),
                Route("/metrics", self.show_metrics),
            ]
        )

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            answer = await self.webhooks(scope, receive) if scope["path"] == "/webhooks" else pages
            await answer(scope, receive, send)

        return dispatch

    def drain(self) -> None:
        """Say from now on that this process is about to end."""
        self.draining = True

    async def webhooks(self, scope: Scope, receive: Receive) -> Response:
        """Take one delivery: 204 once it is kept."""
        if scope["method"] != "POST":
            return PlainTextResponse("only POST\n", HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "POST"})
        try:
            body = await self._verified_body(scope, receive)
            started = time.perf_counter()
            outcome = await self._keep(body)
        except Refused as refused:
            return self._refuse(refused)
        except StoreUnavailable as error:
            self.metrics.store_errors.inc()
            self.on_loss()
            logger.error("A delivery was lost: %s", error)  # noqa: TRY400 - the cause is the store, not our code
            return PlainTextResponse("the store is not available\n", HTTPStatus.SERVICE_UNAVAILABLE)
        self.metrics.deliveries.labels(outcome).inc()
        self.metrics.acknowledge.observe(time.perf_counter() - started)
        return KEPT

    async def _verified_body(self, scope: Scope, receive: Receive) -> bytes:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise Refused("content_type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        try:
            body = await self._patience.wait(_read(headers.get("content-length", ""), receive))
        except TimeoutError:
            raise Refused("too_slow", HTTPStatus.REQUEST_TIMEOUT) from None
        verify(headers, body, self.keys.current(), now=self.now(), max_age=self.max_age)
        return body

    async def _keep(self, body: bytes) -> str:
        """Put what the delivery says into the store, and name what it was."""
        at = self.now()
        match read_event(body):
            case BuildSeen(slug, build):
                change = await self.store.apply(slug, build, source="webhook", at=at)
                return "changed" if change else "nothing_new"
            case RepoSeen(repo):
                await self.store.apply_repo(repo, at=at)
                return "repo"
            case noted:
                await self.store.record_event(at)
                return "noted" if noted.known else "ignored"

    def _refuse(self, refused: Refused) -> Response:
        self.metrics.deliveries.labels("refused").inc()
        self.metrics.refusals.labels(refused.reason).inc()
        logger.warning("A request to /webhooks was refused: %s", refused.reason)
        return PlainTextResponse(f"refused: {refused.reason}\n", refused.status)

    async def healthz(self, _: Request) -> Response:
        """Say that the process runs."""
        return PlainTextResponse("ok\n")

    async def readyz(self, _: Request) -> Response:
        """Say whether deliveries can be kept."""
        if self.draining:
            return PlainTextResponse("stopping\n", HTTPStatus.SERVICE_UNAVAILABLE)
        try:
            await self.store.health()
        except StoreUnavailable:
            return PlainTextResponse("the store is not available\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ready\n")

    async def show_metrics(self, _: Request) -> Response:
        """Show the counters, and the feed's health as the store has it."""
        try:
            health = await self.store.health()
        except StoreUnavailable:
            self.metrics.feed_alive.set(0)
        else:
            self.metrics.last_event.set(health.last_event or 0)
            self.metrics.last_reconciliation.set(health.last_reconciliation or 0)
            self.metrics.feed_alive.set(int(health.is_alive(self.now())))
        return Response(self.metrics.render(), media_type=m.CONTENT_TYPE)


async def _read(declared: str, receive: Receive) -> bytes:
    if declared.isdecimal() and int(declared) > LARGEST_BODY:
        raise Refused("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused("cut_off", HTTPStatus.BAD_REQUEST)
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise Refused("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body
