"""The HTTP endpoints: takes Drone's deliveries, serves health and metrics.

Drone sends a webhook synchronously within its own request, waits up to a minute for the response and never retries
(harness/drone v2.25.0, `plugin/webhook/webhook.go`). So a valid delivery is answered as soon as it is stored, without a
request to Drone in between, and 503 is returned only if the store cannot take it.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Protocol

import anyio
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ci_mcp_kit.notes.service_binding import check_owner
from drone_mcp_client.errors import DRONE
from drone_mcp_state import StoreError, StoreUnavailable
from drone_mcp_webhooks import metrics as m
from drone_mcp_webhooks.events import BuildChanged, RepoChanged, read_event
from drone_mcp_webhooks.verification import DeliveryRefused, check_body, check_head

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from drone_mcp_state import BuildStateStore

logger = logging.getLogger(__name__)

LARGEST_BODY = 4 * 2**20  # bytes: some thousand steps; a usual delivery has three kilobytes
CHECK_SECONDS = 1.0  # for which a store that has taken a write counts as one that does

STORED = Response(status_code=HTTPStatus.NO_CONTENT)  # made once: it holds nothing of a request


class KeySource(Protocol):
    """The source of the webhook secrets."""

    def current(self) -> tuple[bytes, ...]:
        """Return the secrets that are valid now."""


@dataclass
class Receiver:
    """Stores deliveries of the Drone at `server`; "": of whichever it is. `now` returns Unix time; tests replace it."""

    store: BuildStateStore
    keys: KeySource
    max_age: float = 300.0
    metrics: m.Metrics = field(default_factory=m.Metrics)
    now: Callable[[], float] = time.time
    draining: bool = False
    server: str = ""
    on_lost_delivery: Callable[[], None] = lambda: None
    """Called when a delivery could not be stored."""

    def __post_init__(self) -> None:
        self.store_problem = StoreCheck(self.store, self.bind).problem
        self._is_bound = not self.server

    def app(self) -> ASGIApp:
        """Return the ASGI application. Deliveries bypass Starlette, whose routing takes as long as parsing a body."""
        pages = Starlette(
            routes=[
                Route("/healthz", self.show_liveness),
                Route("/readyz", self.show_readiness),
                Route("/metrics", self.show_metrics),
            ]
        )

        async def dispatch(scope: Scope, receive: Receive, send: Send) -> None:
            answer = await self.receive_delivery(scope, receive) if scope["path"] == "/webhooks" else pages
            await answer(scope, receive, send)

        return dispatch

    async def bind(self) -> None:
        """Check that the store is for this Drone, until that was found to be so: Redis may not be there at the start.

        Raises:
            StoreError: it is not, or does not answer.
        """
        if not self._is_bound:
            await check_owner(self.store.notes, DRONE.name, self.server, at=self.now())
            self._is_bound = True

    def drain(self) -> None:
        """Report from now on that this process is about to stop."""
        self.draining = True

    async def receive_delivery(self, scope: Scope, receive: Receive) -> Response:
        """Verify and store one delivery; answer 204 once it is stored."""
        if scope["method"] != "POST":
            return PlainTextResponse("only POST\n", HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": "POST"})
        try:
            body = await self._read_verified_body(scope, receive)
            started = time.perf_counter()
            outcome = await self._store_delivery(body)
        except DeliveryRefused as refused:
            self.metrics.deliveries.labels("refused").inc()
            self.metrics.refusals.labels(refused.reason).inc()
            # The reason is a fixed word. What a stranger has sent must not get into the log.
            logger.warning("A request to /webhooks was refused: %s", refused.reason)
            return PlainTextResponse(f"refused: {refused.reason}\n", refused.status)
        except StoreError as error:
            self.metrics.store_errors.inc()
            # Drone does not send it again, so the reconciler has to read what it said.
            self.on_lost_delivery()
            logger.error("A delivery was lost: %s", error)  # noqa: TRY400 - the store failed, our traceback would not help
            return PlainTextResponse("the store is not available\n", HTTPStatus.SERVICE_UNAVAILABLE)
        self.metrics.deliveries.labels(outcome).inc()
        self.metrics.acknowledge.observe(time.perf_counter() - started)
        return STORED

    async def _read_verified_body(self, scope: Scope, receive: Receive) -> bytes:
        # Latin-1 maps every byte, so that the signature is verified over exactly what was sent.
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        # Before the body is read: Drone sends no other type (harness/drone v2.25.0, `plugin/webhook/webhook.go`).
        if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise DeliveryRefused("content_type", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > LARGEST_BODY:
            raise DeliveryRefused("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        # Before the body is read: nothing of a stranger is held in memory, or reaches the parser.
        check_head(headers, self.keys.current(), now=self.now(), max_age=self.max_age)
        body = await _read_body(receive)
        check_body(headers, body)
        return body

    async def _store_delivery(self, body: bytes) -> str:
        """Apply the delivery to the store; return the outcome for the metrics."""
        at = self.now()
        await self.bind()
        match read_event(body):
            case BuildChanged(slug, build):
                change = await self.store.apply(slug, build, source="webhook", at=at)
                return "changed" if change else "nothing_new"
            case RepoChanged(repo):
                await self.store.apply_repo(repo, at=at)
                return "repo"
            case other:
                await self.store.record_event(at)
                return "noted" if other.known else "ignored"

    async def show_liveness(self, _: Request) -> Response:
        """Answer 200 while the process runs."""
        return PlainTextResponse("ok\n")

    async def show_readiness(self, _: Request) -> Response:
        """Answer 200 while deliveries can be stored, 503 with the reason otherwise."""
        if self.draining:
            return PlainTextResponse("stopping\n", HTTPStatus.SERVICE_UNAVAILABLE)
        problem = await self.store_problem()
        if problem:
            return PlainTextResponse(f"{problem}\n", HTTPStatus.SERVICE_UNAVAILABLE)
        return PlainTextResponse("ready\n")

    async def show_metrics(self, _: Request) -> Response:
        """Answer with all metrics; those of the feed's health are read from the store, which replicas share."""
        try:
            health = await self.store.health()
        except StoreUnavailable:
            # Without the store the state is unknown, so readers must not rely on the feed.
            self.metrics.feed_alive.set(0)
        else:
            self.metrics.last_event.set(health.last_event or 0)
            self.metrics.last_reconciliation.set(health.last_reconciliation or 0)
            self.metrics.feed_alive.set(int(health.is_alive(self.now())))
        return Response(self.metrics.render(), media_type=m.CONTENT_TYPE)


class StoreCheck:
    """Tries whether the store takes writes, one time after another: anybody may ask, and a try is a write."""

    def __init__(self, store: BuildStateStore, bind: Callable[[], Awaitable[None]]) -> None:
        self._store = store
        self._bind = bind
        self._turn = anyio.Lock()
        self._good_at = float("-inf")

    async def problem(self) -> str:
        """Return why deliveries cannot be stored; "" if they can."""
        async with self._turn:
            if anyio.current_time() - self._good_at >= CHECK_SECONDS:
                try:
                    await self._bind()
                    await self._store.check_writable()
                except StoreError as error:
                    return str(error)
                self._good_at = anyio.current_time()
            return ""


async def _read_body(receive: Receive) -> bytes:
    """Read the whole body; the limit holds for the bytes received as well, as their header may be absent or wrong."""
    body = b""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise DeliveryRefused("cut_off", HTTPStatus.BAD_REQUEST)
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > LARGEST_BODY:
            raise DeliveryRefused("too_large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return body
