"""The network: one pooled httpx client, and around it the rules for trying again. Nothing here knows a route."""

from __future__ import annotations

import ssl
import time
from contextlib import aclosing
from dataclasses import dataclass
from importlib.metadata import version
from itertools import count
from random import random
from typing import TYPE_CHECKING, Any, Final, TypeVar

import anyio
import httpx

from ci_mcp_kit.addresses import is_loopback
from ci_mcp_kit.attempts import Attempt, unwatched
from drone_mcp_client.answers import decipher
from drone_mcp_client.errors import (
    DRONE,
    AnswerTooLarge,
    AuthenticationFailed,
    InvalidInput,
    ServiceError,
    TimedOut,
    UnexpectedAnswer,
)
from drone_mcp_client.faults import explained
from drone_mcp_client.paths import template
from drone_mcp_client.refusals import left_open
from drone_mcp_client.retrying import RetryPolicy, may_repeat, retry_after
from drone_mcp_client.sse import SILENCE, EventParser, ServerEvent

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable
    from pathlib import Path

    from ci_mcp_kit.attempts import Watch
    from drone_mcp_client.calls import Call
    from drone_mcp_client.options import ClientOptions

    Gate = Callable[[Call[Any]], None]

T = TypeVar("T")
R = TypeVar("R")

PLAIN_PHASE: Final = 30.0  # seconds to write a request, and to get a connection of the pool
EVENT_STREAM: Final = "text/event-stream"


@dataclass(frozen=True, slots=True)
class World:
    """Time and chance, so that a test can stand in for them."""

    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    clock: Callable[[], float] = time.monotonic
    today: Callable[[], float] = time.time
    chance: Callable[[], float] = random


class Transport:
    """Sends calls and reads their answers.

    Args:
        options: where Drone is and how long to wait for it.
        gate: sees every call each time before it leaves; what it raises keeps the call from leaving.
        world: time and chance.
        network: what carries requests instead of sockets, for an application in the same process.
        watch: is told of every attempt.
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        gate: Gate | None = None,
        world: World | None = None,
        network: httpx.AsyncBaseTransport | None = None,
        watch: Watch = unwatched,
    ) -> None:
        self._options = options
        self._tokens = options.token_source()
        self._policy = RetryPolicy(options.retries)
        self._gate = gate
        self._world = world or World()
        self._network = network
        self._watch = watch
        self._client: httpx.AsyncClient | None = None

    async def send(self, call: Call[T]) -> T:
        """Send a call until it is answered, as often as the rules allow.

        Raises:
            ServiceError: the member of the family that fits.
        """
        answer: T = await self._persist(call, lambda attempt: self._exchange(call, attempt))
        return answer

    async def stream(self, call: Call[Any], *, silence: float) -> AsyncGenerator[ServerEvent, None]:
        """Open an event stream and yield what comes, until the connection ends.

        After `silence` seconds without a byte the last event is `SILENCE`. Opening is tried again like any call;
        a stream that breaks is not opened anew, because Drone replays nothing on its feeds.
        """
        response = await self._persist(call, lambda attempt: self._open(call, attempt, silence))
        parser = EventParser()
        fault: ServiceError | None = None
        try:
            async for chunk in response.aiter_bytes():
                for event in parser.feed(chunk):
                    yield event
        except httpx.HTTPError as broken:
            silent = isinstance(broken, httpx.ReadTimeout)
            fault = None if silent else explained(call, self._options.server, broken)
        else:
            return
        finally:
            await response.aclose()
        if fault:
            raise fault
        yield SILENCE

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client:
            await self._client.aclose()

    async def _persist(self, call: Call[Any], once: Callable[[Attempt], Awaitable[R]]) -> R:
        """Make attempts until one is answered, as often as the rules allow within the time of the call."""
        total = max(self._options.timeout, call.patience)
        try:
            with anyio.fail_after(total):
                return await self._attempts(call, once, self._world.clock() + total)
        except TimeoutError:
            pass
        raise left_open(call, TimedOut(f"No whole answer for {call.subject} within {total:g} seconds"))

    async def _attempts(self, call: Call[Any], once: Callable[[Attempt], Awaitable[R]], deadline: float) -> R:
        retries, has_new_token = 0, False
        for number in count():
            try:
                return await self._attempt(call, once, number)
            except AuthenticationFailed as refused:
                # A 401 changed nothing: try once more at once if the token was rotated meanwhile.
                if has_new_token or refused.status is None or not self._tokens.renew():
                    raise
                has_new_token = True
                continue
            except ServiceError as error:
                if not may_repeat(call, error):
                    raise
                left = deadline - self._world.clock()
                pause = self._policy.pause(retries, error, left=left, chance=self._world.chance())
                if pause is None:
                    raise
            await self._world.sleep(pause)
            retries, has_new_token = retries + 1, False
        raise AssertionError("count() never ends")

    async def _attempt(self, call: Call[Any], once: Callable[[Attempt], Awaitable[R]], number: int) -> R:
        if self._gate:
            self._gate(call)
        attempt = Attempt(DRONE.name.lower(), call.method, template(call.path), self._options.server, number)
        with self._watch(attempt):
            try:
                return await once(attempt)
            except httpx.HTTPError as broken:
                fault = explained(call, self._options.server, broken)
            # Raised here and not above: the caught error holds the request and with it the token.
            raise fault

    async def _exchange(self, call: Call[Any], attempt: Attempt) -> Any:
        response = await self._send(call, attempt, read=max(self._options.read_timeout, call.patience))
        async with aclosing(response):
            return self._decipher(call, response, await self._body(response))

    async def _open(self, call: Call[Any], attempt: Attempt, silence: float) -> httpx.Response:
        response = await self._send(call, attempt, read=silence, accept=EVENT_STREAM)
        if response.status_code == httpx.codes.OK and _media_type(response) == EVENT_STREAM:
            return response
        async with aclosing(response):
            self._decipher(call, response, await self._body(response))
        raise UnexpectedAnswer(f"The server answered {call.subject} with something else than an event stream")

    async def _send(
        self, call: Call[Any], attempt: Attempt, *, read: float, accept: str = "application/json"
    ) -> httpx.Response:
        client = self._client = self._client or self._connect()
        token = self._tokens.current()
        headers = {"Accept": accept}
        if token:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        request = client.build_request(
            call.method,
            self._options.server + call.path,
            params=call.params or None,
            json=call.body,
            headers=headers,
            timeout=httpx.Timeout(PLAIN_PHASE, connect=self._options.connect_timeout, read=read),
        )
        response = await client.send(request, stream=True)
        attempt.status = response.status_code
        if response.headers.get("Content-Encoding", "identity").lower() in {"identity", "gzip"}:
            return response
        await response.aclose()
        raise UnexpectedAnswer("The answer is compressed in a way that was not asked for")

    def _connect(self) -> httpx.AsyncClient:
        server = self._options.server
        return httpx.AsyncClient(
            transport=self._network,
            verify=_trust(server, self._options.ca_file),
            follow_redirects=False,
            trust_env=not is_loopback(server),  # no proxy leads back to this machine
            headers={"User-Agent": f"drone-mcp/{version('drone-mcp')}", "Accept-Encoding": "gzip"},
        )

    async def _body(self, response: httpx.Response) -> bytes:
        """Read to the end, counting what comes out of decompression, whatever the headers promise."""
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self._options.max_body:
                raise AnswerTooLarge(f"The answer is larger than the limit of {self._options.max_body} bytes")
            chunks.append(chunk)
        return b"".join(chunks)

    def _decipher(self, call: Call[T], response: httpx.Response, body: bytes) -> T:
        headers = response.headers
        return decipher(
            call,
            response.status_code,
            headers.get("Content-Type", ""),
            body,
            with_token="Authorization" in response.request.headers,
            retry_after=retry_after(headers.get("Retry-After"), now=self._world.today()),
            location=headers.get("Location", ""),
        )


def _media_type(response: httpx.Response) -> str:
    return str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()


def _trust(server: str, ca_file: str | Path | None) -> ssl.SSLContext:
    """The public authorities, and those of the file besides.

    Plain http has no use for any, and loading them takes longer than a request.
    """
    context = httpx.create_ssl_context() if server.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if ca_file is None:
        return context
    try:
        context.load_verify_locations(cafile=str(ca_file))
    except (OSError, ssl.SSLError):
        raise InvalidInput(
            f"The file of certificate authorities {str(ca_file)!r} cannot be used",
            next_step="Give a readable PEM file",
        ) from None
    return context
