"""The network: one pooled httpx client, and around it the rules for trying again. Nothing here knows a service."""

from __future__ import annotations

import time
import zlib
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from itertools import count
from random import random
from typing import TYPE_CHECKING, Any, Final, Generic, Self, TypeVar
from urllib.parse import urlencode

import anyio
import anyio.lowlevel
import httpx

from ci_mcp_http.network_errors import describe_network_error
from ci_mcp_http.redirects import find_store, open_store
from ci_mcp_http.response import Response
from ci_mcp_http.retries import RetryPolicy, leaves_outcome_open, mark_outcome_unknown, may_retry, parse_retry_after
from ci_mcp_http.sse import SILENCE, EventParser, ServerEvent
from ci_mcp_kit.errors import (
    AnswerTooLarge,
    AuthenticationFailed,
    InvalidInput,
    ServiceError,
    ServiceFailed,
    TimedOut,
    UnexpectedAnswer,
)
from ci_mcp_kit.http_client_factory import http_client
from ci_mcp_kit.product_version import VERSION
from ci_mcp_kit.request_observation import Attempt, unwatched

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
    from types import TracebackType

    from ci_mcp_http.call import Call, Gate
    from ci_mcp_http.options import ClientOptions
    from ci_mcp_kit.request_observation import Watch

T = TypeVar("T")

POOL_AND_WRITE_TIMEOUT: Final = 30.0  # seconds to get a connection of the pool, and to write a request
KEPT_OPEN: Final = 20  # idle connections, as httpx has it by default
EVENT_STREAM: Final = "text/event-stream"
EVENTS_AT_ONCE: Final = 200
PIECE: Final = 2**18  # bytes that are decompressed at once; a chunk may hold a thousand times its size


@dataclass(frozen=True, slots=True)
class Clock:
    """Time and chance. A test brings others, so that nobody waits and nothing is random."""

    sleep: Callable[[float], Awaitable[None]] = anyio.sleep
    monotonic: Callable[[], float] = time.monotonic
    time: Callable[[], float] = time.time
    jitter: Callable[[], float] = random


@dataclass(frozen=True, slots=True)
class Download(Generic[T]):
    """How the body of a success is received, piece by piece as it comes.

    Attributes:
        receive: called anew for every attempt, as a body that breaks is read again from its beginning.
        limit: bytes; a longer body is refused.
        timeout: seconds for the whole of it, with all its attempts and pauses.
    """

    receive: Callable[[AsyncIterator[bytes]], Awaitable[T]]
    limit: int
    timeout: float


class Transport:
    """Sends calls and reads their responses.

    Args:
        options: where the service is, whose token to use and how long to wait.
        gate: sees a call before every attempt; what it raises keeps the call from leaving.
        clock: time and chance.
        network: carries requests instead of sockets, for an application in the same process.
        watch: observes every attempt.
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        gate: Gate | None = None,
        clock: Clock | None = None,
        network: httpx.AsyncBaseTransport | None = None,
        watch: Watch = unwatched,
    ) -> None:
        self._options = options
        self._tokens = options.token_source()
        self._with_token = options.token is not None or options.token_file is not None
        self._policy = RetryPolicy(options.retries, base=options.backoff)
        self._gate = gate
        self._clock = clock or Clock()
        self._network = network
        self._watch = watch
        self._client: httpx.AsyncClient | None = None

    async def send(self, call: Call[T]) -> T:
        """Send a call and return what its reader makes of the response.

        Raises:
            ServiceError: the member of the family that fits.
        """
        answer: T = await self._send_with_retries(call)
        return answer

    async def download(self, call: Call[Any], download: Download[T]) -> T:
        """Send a call and return what `receive` makes of a success; the call's reader sees the others.

        Raises:
            ServiceError: the member of the family that fits.
        """
        answer: T = await self._send_with_retries(call, download=download)
        return answer

    async def stream(self, call: Call[Any], *, silence: float) -> AsyncGenerator[ServerEvent, None]:
        """Open an event stream and yield its events, until the connection ends.

        After `silence` seconds without a byte the last event is `SILENCE`. Handover is tried again like any call; a
        stream that breaks is not opened again, because only the caller knows whether events were missed.
        """
        service = self._options.service
        response: httpx.Response = await self._send_with_retries(call, silence=silence)
        parser = EventParser(service=service)
        fault: ServiceError | None = None
        try:
            async for chunk in response.aiter_raw():
                for number, event in enumerate(parser.feed(chunk)):
                    if number % EVENTS_AT_ONCE == EVENTS_AT_ONCE - 1:
                        await anyio.lowlevel.checkpoint()  # a chunk may hold thousands, and others wait
                    yield event
        except httpx.ReadTimeout:
            pass
        except httpx.HTTPError as error:
            fault = describe_network_error(call, self._options.server, service, error)
        else:
            return
        finally:
            await response.aclose()
        # Raised here and not above: see `_attempt`.
        if fault:
            raise fault
        yield SILENCE

    async def aclose(self) -> None:
        """Close all connections."""
        if self._client:
            await self._client.aclose()

    async def _send_with_retries(
        self, call: Call[Any], *, silence: float | None = None, download: Download[Any] | None = None
    ) -> Any:
        """Make attempts until one succeeds, as often as the rules allow within the time of the call."""
        timeout = download.timeout if download else max(self._options.timeout, call.min_timeout)
        deadline = self._clock.monotonic() + timeout
        retries, has_new_token = 0, False
        # Around attempts and pauses: httpx limits single phases only, and a slow body would take as long as it likes.
        with anyio.move_on_after(timeout):
            for number in count():
                try:
                    return await self._attempt(call, number, silence, download)
                except AuthenticationFailed as error:
                    # A refused token changed nothing, so a call of any kind is tried once more, at once, if the token
                    # was rotated meanwhile. Without a status the error is our own: there is no usable token.
                    if has_new_token or error.status is None or not self._tokens.renew():
                        raise
                    has_new_token = True
                except ServiceError as error:
                    if not may_retry(call, error):
                        raise
                    left = deadline - self._clock.monotonic()
                    pause = self._policy.pause(retries, error, left=left, jitter=self._clock.jitter())
                    if pause is None:
                        raise
                    # After a pause the token may have been rotated once more.
                    retries, has_new_token = retries + 1, False
                    await self._clock.sleep(pause)
        late = TimedOut(f"No whole answer for {call.subject} within {timeout:g} seconds", service=self._options.service)
        raise mark_outcome_unknown(call, late)

    async def _attempt(
        self, call: Call[Any], number: int, silence: float | None, download: Download[Any] | None
    ) -> Any:
        """Send a call once; return what its reader or download returns, or the open response of an event stream.

        `silence` is how long an event stream may be silent, None for a call that is no stream.
        """
        if self._gate:
            # For every attempt and not only for the first, so that a gate can count requests and allow a call only
            # once.
            self._gate(call)
        service = self._options.service
        attempt = Attempt(service.name.lower(), call.method, call.template, self._options.server, number)
        with self._watch(attempt):
            try:
                response = await self._connect().send(self._build_request(call, silence), stream=True)
                attempt.status = response.status_code
                media_type = str(response.headers.get("Content-Type", "")).partition(";")[0].strip().lower()
                is_stream = response.status_code == httpx.codes.OK and media_type == EVENT_STREAM
                if silence is not None and is_stream and _coding(response) == "identity":
                    return response
                # Also if the body is not read to its end, so that the connection does not stay in use.
                async with AsyncExitStack() as opened:
                    await opened.enter_async_context(aclosing(response))
                    if call.redirects and (store := find_store(self._options.server, response)):
                        response = await opened.enter_async_context(open_store(self._options, call, store))
                    if download and response.is_success:
                        pieces = self._bounded(self._decompressed(response, is_stream=True), download.limit)
                        return await download.receive(await opened.enter_async_context(aclosing(pieces)))
                    answer = call.read(call, await self._read(call, response, is_stream=silence is not None))
                if silence is None:
                    return answer
                fault: ServiceError = UnexpectedAnswer(
                    f"The server answered {call.subject} with something other than an event stream", service=service
                )
            except httpx.HTTPError as error:
                fault = describe_network_error(call, self._options.server, service, error)
            except ServiceFailed as error:
                raise (mark_outcome_unknown(call, error) if leaves_outcome_open(error) else error) from None
            # Raised here and not above: the caught error holds the request and with it the token.
            raise fault

    def _connect(self) -> httpx.AsyncClient:
        """Return the client of httpx; the same one until the end."""
        if self._client is not None:
            return self._client
        options = self._options
        try:
            self._client = http_client(
                options.server,
                ca_file=options.ca_file,
                skip_verify=options.skip_verify,
                cookies=None if options.keeps_cookies else CookieJar(DefaultCookiePolicy(allowed_domains=[])),
                limits=httpx.Limits(max_connections=options.max_connections, max_keepalive_connections=KEPT_OPEN),
                transport=self._network,
                follow_redirects=False,  # the token would go along
                # Of the codings that httpx knows, gzip is always there, and its output is counted while it is unpacked.
                headers={"User-Agent": f"drone-mcp/{VERSION}", "Accept-Encoding": "gzip"},
            )
        except OSError as error:
            next_step = "Correct it where this process is started"
            raise InvalidInput(str(error), next_step=next_step, service=options.service) from None
        return self._client

    def _build_request(self, call: Call[Any], silence: float | None) -> httpx.Request:
        options = self._options
        # A stream is not compressed: its events could not be counted before they are unpacked.
        headers = httpx.Headers({"Accept": EVENT_STREAM, "Accept-Encoding": "identity"})
        if silence is None:
            headers = httpx.Headers({"Accept": "application/json"})
        if call.form:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers.update(dict(call.headers))
        if token := self._tokens.current():
            name, value = options.token_header(token.reveal())
            headers[name] = value
        # For a stream the silence that its caller allows takes the place of the usual limit.
        read_timeout = max(options.read_timeout, call.min_timeout) if silence is None else silence
        return self._connect().build_request(
            call.method,
            options.server + call.path,
            params=call.params or None,
            json=call.body,
            content=urlencode(call.form) if call.form else None,
            headers=headers,
            timeout=httpx.Timeout(POOL_AND_WRITE_TIMEOUT, connect=options.connect_timeout, read=read_timeout),
        )

    async def _read(self, call: Call[Any], response: httpx.Response, *, is_stream: bool) -> Response:
        """Read until the call has enough or to the end, but not beyond the limit.

        The decompressed bytes are counted, because Content-Length is of the compressed body, or a lie.
        """
        chunks, size, is_cut = [], 0, False
        async with aclosing(self._decompressed(response, is_stream=is_stream)) as pieces:
            async for chunk in pieces:
                size += len(chunk)
                if size > self._options.max_body:
                    raise AnswerTooLarge(
                        f"The answer is larger than the limit of {self._options.max_body} bytes",
                        service=self._options.service,
                    )
                chunks.append(chunk)
                if is_cut := 0 < call.enough < size:
                    break
        headers = dict(response.headers)
        later = headers.get("retry-after")
        return Response(
            status=response.status_code,
            headers=headers,
            body=b"".join(chunks),
            retry_after=parse_retry_after(later, now=self._clock.time()) if later else None,
            with_token=self._with_token,
            is_cut=is_cut,
        )

    async def _bounded(self, pieces: AsyncGenerator[bytes, None], limit: int) -> AsyncGenerator[bytes, None]:
        size = 0
        async with aclosing(pieces):
            async for piece in pieces:
                size += len(piece)
                if size > limit:
                    raise AnswerTooLarge(
                        f"The answer is larger than the limit of {limit} bytes", service=self._options.service
                    )
                yield piece

    async def _decompressed(self, response: httpx.Response, *, is_stream: bool) -> AsyncGenerator[bytes, None]:
        """Yield the body in pieces, each small whatever the compression."""
        coding = _coding(response)
        if coding != "identity" and (is_stream or coding != "gzip"):
            message = "The answer is compressed in a way that was not asked for"
            raise UnexpectedAnswer(message, service=self._options.service)
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)  # with the header of gzip
        async for chunk in response.aiter_raw():
            if coding == "identity":
                yield chunk
                continue
            while chunk and not unpacker.eof:
                try:
                    yield unpacker.decompress(chunk, PIECE)
                except zlib.error as error:
                    raise httpx.DecodingError(str(error), request=response.request) from None
                chunk = unpacker.unconsumed_tail  # noqa: PLW2901 - what is left of it
                await anyio.lowlevel.checkpoint()
        yield unpacker.flush()


class ServiceClient:
    """The base of a client of one service over pooled connections; use it as `async with`, or call `aclose`.

    Args:
        options: where the service is, whose token to use, how long to wait.
        gate: sees every call before each attempt, and may raise to hold it back.
        clock: time and chance, for tests.
        network: carries requests instead of sockets, such as `httpx.ASGITransport`.
        watch: observes every attempt (`ci_mcp_kit.request_observation`).
    """

    def __init__(
        self,
        options: ClientOptions,
        *,
        gate: Gate | None = None,
        clock: Clock | None = None,
        network: httpx.AsyncBaseTransport | None = None,
        watch: Watch = unwatched,
    ) -> None:
        self._transport = Transport(options, gate=gate, clock=clock, network=network, watch=watch)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        await self._transport.aclose()

    async def send(self, call: Call[T]) -> T:
        """Send a call, and return what its reader makes of the response."""
        return await self._transport.send(call)


def _coding(response: httpx.Response) -> str:
    """Return the content coding; a chain of codings was never asked for (RFC 9110, section 8.4)."""
    return str(response.headers.get("Content-Encoding", "identity")).lower()
