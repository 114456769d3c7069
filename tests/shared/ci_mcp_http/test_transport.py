"""The transport sends requests, retries them and reads the answers, for a service that is only data."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import anyio.lowlevel
import httpx
import pytest

from ci_mcp_http.options import ClientOptions
from ci_mcp_http.sse import SILENCE, ServerEvent
from ci_mcp_http.transport import Transport
from ci_mcp_kit.errors import (
    AnswerTooLarge,
    AuthenticationFailed,
    InvalidInput,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    ServiceFailed,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)
from support.forge import CLOSE, COMMENT, COMMENTS_PATH, EVENTS, FORGE, ISSUE_PATH, READ, SERVER, SLOW, TOKEN
from support.raw_server import RawServer, certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    import respx

    from ci_mcp_http.call import Call
    from ci_mcp_kit.request_observation import Attempt
    from support.forge import ForgeClock

    Opened = AbstractAsyncContextManager[Transport]

ISSUE = {"number": 7, "state": "open"}
OK = httpx.Response(200, json=ISSUE)
BUSY = httpx.Response(503)


async def fails(opened: Opened, call: Call[Any] = READ) -> ServiceError:
    async with opened as transport:
        with pytest.raises(ServiceError) as caught:
            await transport.send(call)
    assert caught.value.service is FORGE
    return caught.value


async def test_a_request_carries_the_token_in_the_header_of_the_service(
    forge: respx.MockRouter, clock: ForgeClock
) -> None:
    route = forge.get(ISSUE_PATH).mock(OK)
    async with clock.transport() as transport:
        assert await transport.send(READ) == ISSUE
    sent = route.calls.last.request
    assert sent.headers["x-forge-token"] == f"forge {TOKEN}"
    assert "authorization" not in sent.headers
    assert sent.headers["user-agent"].startswith("drone-mcp/")
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["accept-encoding"] == "gzip"
    assert TOKEN not in str(sent.url)


async def test_the_headers_of_a_call_are_sent_and_cannot_replace_the_token(
    forge: respx.MockRouter, clock: ForgeClock
) -> None:
    route = forge.get(ISSUE_PATH).mock(OK)
    own = (("Range", "bytes=0-99"), ("Accept-Encoding", "identity"), ("x-forge-token", "forge another"))
    async with clock.transport() as transport:
        await transport.send(replace(READ, headers=own))
    sent = route.calls.last.request.headers
    assert (sent["range"], sent["accept-encoding"], sent["accept"]) == ("bytes=0-99", "identity", "application/json")
    assert sent.get_list("x-forge-token") == [f"forge {TOKEN}"]


@pytest.mark.parametrize(("keeps", "sent"), [(True, "session=theirs"), (False, None)])
async def test_a_cookie_is_sent_back_only_where_the_service_takes_it(
    forge: respx.MockRouter, clock: ForgeClock, keeps: bool, sent: str | None
) -> None:
    route = forge.get(ISSUE_PATH).respond(json=ISSUE, headers={"Set-Cookie": "session=theirs; Path=/"})
    async with clock.transport(keeps_cookies=keeps) as transport:
        await transport.send(READ)
        await transport.send(READ)
    assert route.calls.last.request.headers.get("cookie") == sent


async def test_without_another_header_the_token_is_a_bearer_token(forge: respx.MockRouter) -> None:
    route = forge.get(ISSUE_PATH).mock(OK)
    transport = Transport(ClientOptions(service=FORGE, server=SERVER, token=TOKEN))
    await transport.send(READ)
    await transport.aclose()
    assert route.calls.last.request.headers["authorization"] == f"Bearer {TOKEN}"


async def test_without_a_token_no_header_is_sent(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get(ISSUE_PATH).mock(OK)
    async with clock.transport(token=None) as transport:
        await transport.send(READ)
    assert not {"authorization", "x-forge-token"} & route.calls.last.request.headers.keys()


async def test_a_body_is_sent_as_json(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.put(ISSUE_PATH).mock(OK)
    async with clock.transport() as transport:
        await transport.send(CLOSE)
    assert json.loads(route.calls.last.request.content) == {"state": "closed"}


@pytest.mark.parametrize(
    ("answer", "kind", "code", "step"),
    [
        (httpx.ConnectError("no"), Unreachable, "NETWORK_ERROR", "Check FORGE_URL and the network"),
        (httpx.ConnectError("CERTIFICATE_VERIFY_FAILED"), Unreachable, "NETWORK_ERROR", "(FORGE_CA_FILE)"),
        (httpx.ReadTimeout("slow"), TimedOut, "TIMEOUT", "whether the Forge server is overloaded"),
        (httpx.Response(200, content=b"x" * 1001), AnswerTooLarge, "FORGE_ERROR", "raise FORGE_MAX_BODY"),
        (httpx.Response(200, content=b"{"), UnexpectedAnswer, "FORGE_ERROR", "Check that FORGE_URL is the address"),
        (httpx.Response(200, html="<html>"), UnexpectedAnswer, "FORGE_ERROR", "FORGE_URL is the address of Forge"),
        (httpx.Response(403, html="<html>"), UnexpectedAnswer, "FORGE_ERROR", "what is in front of Forge"),
        (httpx.Response(302), UnexpectedAnswer, "FORGE_ERROR", "Set FORGE_URL to the address that Forge itself"),
        (httpx.Response(503), ServiceFailed, "FORGE_ERROR", "check the Forge server"),
        (httpx.Response(500), ServiceFailed, "FORGE_ERROR", "Look at the Forge server's own log"),
        (httpx.Response(401), AuthenticationFailed, "AUTH_FAILED", "Set FORGE_TOKEN to an access token from"),
    ],
    ids=repr,
)
async def test_every_error_names_what_the_service_is_set_up_with(
    forge: respx.MockRouter, clock: ForgeClock, answer: Any, kind: type[ServiceError], code: str, step: str
) -> None:
    forge.get(ISSUE_PATH).mock(side_effect=[answer])
    error = await fails(clock.transport(max_body=1000, retries=0))
    assert type(error) is kind
    assert error.code == code
    assert step in error.next_step


async def test_passing_trouble_is_ridden_out_with_growing_pauses(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get(ISSUE_PATH).mock(side_effect=[httpx.ConnectError("no"), BUSY, OK])
    async with clock.transport() as transport:
        assert await transport.send(READ) == ISSUE
    assert route.call_count == 3
    assert clock.pauses == [0.25, 0.5]


@pytest.mark.parametrize(
    ("trouble", "kind"),
    [
        (httpx.ConnectError("refused"), Unreachable),
        (httpx.ConnectTimeout("slow"), Unreachable),
        (httpx.ReadError("reset"), Unreachable),
        (httpx.RemoteProtocolError("cut"), Unreachable),
        (httpx.WriteError("reset"), Unreachable),
        (httpx.ReadTimeout("slow"), TimedOut),
        (httpx.PoolTimeout("full"), TimedOut),
        (httpx.Response(429), RateLimited),
        (httpx.Response(502), ServiceFailed),
        (httpx.Response(503), ServiceFailed),
        (httpx.Response(504), TimedOut),
    ],
    ids=repr,
)
async def test_trouble_that_does_not_pass_is_reported_after_the_last_try(
    forge: respx.MockRouter, clock: ForgeClock, trouble: Any, kind: type[ServiceError]
) -> None:
    route = forge.get(ISSUE_PATH).mock(side_effect=[trouble] * 3)
    error = await fails(clock.transport())
    assert type(error) is kind
    assert error.retryable
    assert route.call_count == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 500, 501])
async def test_an_answer_that_would_stay_the_same_is_asked_for_once(
    forge: respx.MockRouter, clock: ForgeClock, status: int
) -> None:
    route = forge.get(ISSUE_PATH).respond(status, json={"message": "no"})
    error = await fails(clock.transport())
    assert error.status == status
    assert route.call_count == 1
    assert clock.pauses == []


@pytest.mark.parametrize("trouble", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), BUSY, httpx.Response(504)])
async def test_a_call_that_is_not_idempotent_is_never_sent_twice(
    forge: respx.MockRouter, clock: ForgeClock, trouble: Any
) -> None:
    route = forge.post(COMMENTS_PATH).mock(side_effect=[trouble])
    error = await fails(clock.transport(), COMMENT)
    assert route.call_count == 1
    assert not error.retryable
    assert "may have happened" in error.next_step


async def test_a_change_that_is_idempotent_may_be_sent_twice(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.put(ISSUE_PATH).mock(side_effect=[httpx.ReadError("reset"), OK])
    async with clock.transport() as transport:
        await transport.send(CLOSE)
    assert route.call_count == 2


async def test_a_certificate_that_is_not_trusted_is_no_passing_trouble(
    forge: respx.MockRouter, clock: ForgeClock
) -> None:
    route = forge.get(ISSUE_PATH).mock(side_effect=httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"))
    error = await fails(clock.transport())
    assert "FORGE_CA_FILE" in error.next_step
    assert route.call_count == 1


async def test_a_proxy_that_refuses_is_named(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).mock(side_effect=httpx.ProxyError("407 Proxy Authentication Required"))
    error = await fails(clock.transport())
    assert "407" in error.message
    assert "NO_PROXY" in error.next_step


async def test_the_pause_that_a_proxy_asks_for_is_kept(forge: respx.MockRouter, clock: ForgeClock) -> None:
    later = httpx.Response(429, headers={"Retry-After": "7"})
    forge.get(ISSUE_PATH).mock(side_effect=[later, OK])
    async with clock.transport() as transport:
        await transport.send(READ)
    assert clock.pauses == [7.25]


async def test_the_pause_may_be_named_as_a_date(forge: respx.MockRouter, clock: ForgeClock) -> None:
    later = httpx.Response(503, headers={"Retry-After": "Thu, 01 Jan 1970 00:16:50 GMT"})
    forge.get(ISSUE_PATH).mock(side_effect=[later, OK])
    async with clock.transport() as transport:
        await transport.send(READ)
    assert clock.pauses == [10.25]


async def test_a_pause_beyond_the_deadline_is_not_begun(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get(ISSUE_PATH).respond(429, headers={"Retry-After": "61"})
    error = await fails(clock.transport())
    assert type(error) is RateLimited
    assert error.details["retry_after"] == 61.0
    assert (route.call_count, clock.pauses) == (1, [])


async def test_attempts_and_pauses_share_one_deadline(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get(ISSUE_PATH).respond(503, headers={"Retry-After": "25"})
    await fails(clock.transport(retries=9))
    assert clock.pauses == [25.25, 25.5]
    assert route.call_count == 3


@pytest.mark.parametrize("call", [READ, COMMENT])
async def test_an_answer_that_never_comes_ends_with_the_deadline(clock: ForgeClock, call: Call[Any]) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    error = await fails(clock.transport(timeout=0.01, network=httpx.MockTransport(hang)), call)
    assert type(error) is TimedOut
    assert error.retryable is call.idempotent


async def test_a_caller_who_gives_up_is_heard_at_once(clock: ForgeClock) -> None:
    requests = []

    async def hang(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        scope.cancel()
        await anyio.sleep_forever()
        raise AssertionError

    async with clock.transport(network=httpx.MockTransport(hang)) as transport:
        with anyio.CancelScope() as scope:
            await transport.send(READ)
    assert scope.cancelled_caught
    assert len(requests) == 1


async def test_a_call_that_takes_long_is_given_its_time(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get(ISSUE_PATH).mock(OK)
    async with clock.transport(timeout=5) as transport:
        await transport.send(SLOW)
    assert route.calls.last.request.extensions["timeout"] == {"connect": 5.0, "read": 60.0, "write": 30.0, "pool": 30.0}


async def test_every_phase_has_its_own_patience(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get(ISSUE_PATH).respond(json={})
    async with clock.transport(connect_timeout=1, read_timeout=2) as transport:
        await transport.send(READ)
    assert route.calls.last.request.extensions["timeout"] == {"connect": 1, "read": 2, "write": 30.0, "pool": 30.0}


class Drip(httpx.AsyncByteStream):
    def __init__(self, chunk: bytes, count: int) -> None:
        self.chunk, self.left, self.closed = chunk, count, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while self.left:
            self.left -= 1
            yield self.chunk

    async def aclose(self) -> None:
        self.closed = True


async def test_a_body_is_not_read_beyond_the_limit_whatever_its_length_claims(
    forge: respx.MockRouter, clock: ForgeClock
) -> None:
    body = Drip(b"x" * 100, 1_000_000)
    forge.get(ISSUE_PATH).mock(httpx.Response(200, headers={"Content-Length": "5"}, stream=body))
    error = await fails(clock.transport(max_body=1000))
    assert type(error) is AnswerTooLarge
    assert body.left == 1_000_000 - 11
    assert body.closed


async def test_a_small_answer_that_unpacks_to_a_large_one_is_not_taken(
    forge: respx.MockRouter, clock: ForgeClock
) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    forge.get(ISSUE_PATH).respond(200, headers={"Content-Encoding": "gzip"}, content=bomb)
    assert type(await fails(clock.transport(max_body=1_000_000))) is AnswerTooLarge


async def test_a_compressed_answer_is_read(forge: respx.MockRouter, clock: ForgeClock) -> None:
    body = gzip.compress(json.dumps(ISSUE).encode())
    forge.get(ISSUE_PATH).respond(200, headers={"Content-Encoding": "gzip"}, content=body)
    async with clock.transport() as transport:
        assert await transport.send(READ) == ISSUE


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
async def test_a_compression_that_was_not_asked_for_is_not_unpacked(
    forge: respx.MockRouter, clock: ForgeClock, encoding: str
) -> None:
    forge.get(ISSUE_PATH).mock(httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Drip(b"x", 1)))
    assert type(await fails(clock.transport())) is UnexpectedAnswer


async def test_what_is_unpacked_is_counted_before_it_takes_room(forge: respx.MockRouter, clock: ForgeClock) -> None:
    bomb = gzip.compress(b"0" * 50_000_000)  # 48 KB, which come in one piece
    forge.get(ISSUE_PATH).mock(
        side_effect=lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Drip(bomb, 1))
    )
    tracemalloc.start()
    try:
        assert type(await fails(clock.transport(max_body=1_000_000))) is AnswerTooLarge
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


async def test_others_go_on_while_a_chunk_holds_many_events(forge: respx.MockRouter, clock: ForgeClock) -> None:
    events = b"data: x\n\n" * 5_000
    headers = {"Content-Type": "text/event-stream"}
    forge.get("/events").mock(httpx.Response(200, headers=headers, stream=Drip(events, 1)))
    turns: list[int] = []

    async def take_turns() -> None:
        while True:
            turns.append(1)
            await anyio.lowlevel.checkpoint()

    async with clock.transport() as transport, anyio.create_task_group() as group:
        group.start_soon(take_turns)
        found = [event async for event in transport.stream(EVENTS, silence=90)]
        group.cancel_scope.cancel()
    assert len(found) == 5_000
    assert len(turns) > 20


@pytest.mark.parametrize("coding", ["gzip", "gzip, gzip"])
async def test_no_compression_is_asked_for_on_a_stream_and_none_accepted(
    forge: respx.MockRouter, clock: ForgeClock, coding: str
) -> None:
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": coding}
    forge.get("/events").mock(httpx.Response(200, headers=headers, stream=Drip(b"x", 1)))
    async with clock.transport() as transport:
        with pytest.raises(UnexpectedAnswer, match="compressed"):
            await anext(transport.stream(EVENTS, silence=90))
    assert forge.calls.last.request.headers["accept-encoding"] == "identity"


async def test_a_broken_compression_is_reported(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).mock(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Drip(b"no gzip", 1)))
    assert type(await fails(clock.transport())) is UnexpectedAnswer


async def test_a_redirect_is_not_followed_with_the_token(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).respond(301, headers={"Location": "https://elsewhere.example.com/version"})
    elsewhere = forge.get("https://elsewhere.example.com/version").respond(json={})
    error = await fails(clock.transport())
    assert "https://elsewhere.example.com/version" in error.message
    assert not elsewhere.called


async def test_a_gate_sees_every_attempt_before_it_leaves(forge: respx.MockRouter, clock: ForgeClock) -> None:
    seen: list[str] = []
    forge.get(ISSUE_PATH).mock(side_effect=[BUSY, OK])
    async with clock.transport(
        gate=lambda call: seen.append(f"{call.operation} {call.scope} {call.writes}")
    ) as transport:
        await transport.send(READ)
    assert seen == ["issues.get octo/hello False"] * 2


async def test_what_a_gate_refuses_never_leaves(forge: respx.MockRouter, clock: ForgeClock) -> None:
    def closed(call: Call[Any]) -> None:
        raise PermissionDenied(f"{call.scope} is out of scope")

    async with clock.transport(gate=closed) as transport:
        with pytest.raises(PermissionDenied, match="octo/hello is out of scope"):
            await transport.send(READ)
    async with clock.transport(gate=closed) as transport:
        with pytest.raises(PermissionDenied):
            await anext(transport.stream(EVENTS, silence=90))
    assert not forge.calls


async def test_a_token_that_was_rotated_behind_our_back_is_read_and_tried_again(
    forge: respx.MockRouter, clock: ForgeClock, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old-token")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["x-forge-token"] == "forge new-token":
            return OK
        file.write_text("new-token")
        return httpx.Response(401, json={"message": "Unauthorized"})

    route = forge.post(COMMENTS_PATH).mock(side_effect=answer)
    async with clock.transport(token_file=file) as transport:
        assert await transport.send(COMMENT) == ISSUE
    assert route.call_count == 2


async def test_a_token_that_stays_wrong_is_tried_once(
    forge: respx.MockRouter, clock: ForgeClock, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("wrong-token")
    route = forge.get(ISSUE_PATH).respond(401, json={"message": "Unauthorized"})
    error = await fails(clock.transport(token_file=file))
    assert type(error) is AuthenticationFailed
    assert route.call_count == 1


async def test_a_token_file_that_vanished_is_reported_before_anything_leaves(
    forge: respx.MockRouter, clock: ForgeClock, tmp_path: Path
) -> None:
    error = await fails(clock.transport(token_file=tmp_path / "gone"))
    assert type(error) is AuthenticationFailed
    assert "gone" in error.message
    assert not forge.calls


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_authorities_that_is_none_is_refused(
    clock: ForgeClock, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    error = await fails(clock.transport(ca_file=file))
    assert type(error) is InvalidInput
    assert "ca.pem" in error.message


async def test_a_client_that_sent_nothing_opened_nothing() -> None:
    transport = Transport(ClientOptions(service=FORGE, server=SERVER))
    await transport.aclose()
    assert transport._client is None  # the point is what does not exist


async def test_a_watcher_sees_each_attempt_with_its_template_its_status_and_its_error() -> None:
    seen: list[tuple[str, int, int | None, str]] = []

    @contextmanager
    def watch(attempt: Attempt) -> Iterator[None]:
        assert attempt.status is None
        try:
            yield
        except NotFound as error:
            seen.append((attempt.template, attempt.number, attempt.status, error.code))
            raise

    network = httpx.MockTransport(lambda _: httpx.Response(404, stream=Drip(b"", 0)))
    transport = Transport(ClientOptions(service=FORGE, server=SERVER), network=network, watch=watch)
    with pytest.raises(NotFound):
        await transport.send(READ)
    await transport.aclose()
    assert seen == [("/issues/{number}", 0, 404, "NOT_FOUND")]


# Event streams


def streaming(*parts: bytes | Exception) -> httpx.Response:
    return httpx.Response(200, headers={"Content-Type": "text/event-stream; charset=utf-8"}, stream=Parts(parts))


class Parts(httpx.AsyncByteStream):
    def __init__(self, parts: tuple[bytes | Exception, ...]) -> None:
        self.parts, self.closed = parts, False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self.parts:
            if isinstance(part, Exception):
                raise part
            yield part

    async def aclose(self) -> None:
        self.closed = True


async def test_a_stream_is_its_events_until_the_connection_ends(forge: respx.MockRouter, clock: ForgeClock) -> None:
    route = forge.get("/events").mock(side_effect=[BUSY, streaming(b"data: a\n", b"\nevent: x\ndata: b\n\n")])
    async with clock.transport() as transport:
        events = [event async for event in transport.stream(EVENTS, silence=90)]
    assert events == [ServerEvent("message", "a"), ServerEvent("x", "b")]
    assert route.calls.last.request.headers["accept"] == "text/event-stream"
    assert route.calls.last.request.extensions["timeout"]["read"] == 90


async def test_a_stream_that_falls_silent_says_so(forge: respx.MockRouter, clock: ForgeClock) -> None:
    answer = streaming(b"data: a\n\n", httpx.ReadTimeout("silent"))
    forge.get("/events").mock(answer)
    async with clock.transport() as transport:
        events = [event async for event in transport.stream(EVENTS, silence=90)]
    assert events == [ServerEvent("message", "a"), SILENCE]


@pytest.mark.parametrize(
    ("part", "kind"),
    [(httpx.ReadError("reset"), Unreachable), (b"data: " + b"x" * 33 * 1024 * 1024, AnswerTooLarge)],
    ids=["reset", "large"],
)
async def test_a_stream_that_breaks_is_an_error_of_the_service(
    forge: respx.MockRouter, clock: ForgeClock, part: bytes | Exception, kind: type[ServiceError]
) -> None:
    answer = streaming(part)
    forge.get("/events").mock(answer)
    async with clock.transport() as transport:
        with pytest.raises(kind) as caught:
            await anext(transport.stream(EVENTS, silence=90))
    assert caught.value.service is FORGE
    assert isinstance(answer.stream, Parts)
    assert answer.stream.closed


async def test_json_where_a_stream_was_asked_for_is_unexpected(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get("/events").mock(OK)
    async with clock.transport() as transport:
        with pytest.raises(UnexpectedAnswer, match="something other than an event stream"):
            await anext(transport.stream(EVENTS, silence=90))


# Over real sockets


async def test_one_connection_serves_many_requests(clock: ForgeClock) -> None:
    async with (
        RawServer().listening() as server,
        clock.transport(server=f"http://127.0.0.1:{server.port}") as transport,
    ):
        for _ in range(3):
            await transport.send(READ)
    assert (server.connections, len(server.heads)) == (1, 3)


async def test_a_body_that_breaks_off_is_no_answer(clock: ForgeClock) -> None:
    server = RawServer(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"version"')
    async with server.listening():
        error = await fails(clock.transport(server=f"http://127.0.0.1:{server.port}"))
    assert type(error) is Unreachable
    assert server.connections == 3


async def test_what_is_no_http_at_all_is_unreachable(clock: ForgeClock) -> None:
    async with RawServer(b"SSH-2.0-OpenSSH_9.9\r\n").listening() as server:
        error = await fails(clock.transport(server=f"http://127.0.0.1:{server.port}"))
    assert type(error) is Unreachable


async def test_a_port_where_nobody_listens_is_unreachable(clock: ForgeClock) -> None:
    async with RawServer().listening() as server:
        pass
    error = await fails(clock.transport(server=f"http://127.0.0.1:{server.port}"))
    assert type(error) is Unreachable
    assert f"http://127.0.0.1:{server.port}" in error.message


async def test_a_certificate_is_trusted_by_the_file_of_its_authority_alone(clock: ForgeClock, tmp_path: Path) -> None:
    tls, authority = certificate(tmp_path)
    async with RawServer().listening(tls) as server:
        address = f"https://127.0.0.1:{server.port}"
        async with clock.transport(server=address, ca_file=authority) as transport:
            await transport.send(READ)
        error = await fails(clock.transport(server=address))
    assert "not trusted" in error.message
    assert not error.retryable
    assert len(server.heads) == 1


async def test_a_proxy_of_the_environment_is_used(clock: ForgeClock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawServer().listening() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        async with clock.transport(server="http://forge.example.com") as transport:
            await transport.send(READ)
    assert proxy.heads[0].startswith(b"GET http://forge.example.com/issues/7 HTTP/1.1\r\n")


async def test_no_proxy_is_asked_for_a_server_on_this_machine(
    clock: ForgeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "")
    async with (
        RawServer().listening() as server,
        clock.transport(server=f"http://127.0.0.1:{server.port}") as transport,
    ):
        await transport.send(READ)
    assert server.connections == 1
