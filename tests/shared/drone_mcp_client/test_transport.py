"""What leaves, how often, and what comes of it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from drone_mcp_client import calls
from drone_mcp_client.client import ClientOptions, DroneClient
from drone_mcp_client.errors import (
    AnswerTooLarge,
    AuthenticationFailed,
    DroneFailed,
    InvalidInput,
    PermissionDenied,
    RateLimited,
    ServiceError,
    TimedOut,
    UnexpectedAnswer,
    Unreachable,
)
from support.drone_client import SERVER, TOKEN, Clock
from support.raw_server import RawServer, certificate

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    import respx

BUILD = {"number": 7, "status": "success"}
OK = httpx.Response(200, json=BUILD)
BUSY = httpx.Response(503)


async def fails(client: DroneClient, call: calls.Call[Any] | None = None) -> ServiceError:
    async with client:
        with pytest.raises(ServiceError) as caught:
            await client.send(call or calls.build("octo/hello", 7))
    return caught.value


async def test_a_request_carries_the_token_and_who_sends_it(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/api/repos/octo/hello/builds/7").mock(OK)
    async with clock.client() as client:
        assert (await client.build("octo/hello", 7)).status == "success"
    sent = route.calls.last.request
    assert sent.headers["authorization"] == f"Bearer {TOKEN}"
    assert sent.headers["user-agent"].startswith("drone-mcp/")
    assert sent.headers["accept"] == "application/json"
    assert sent.headers["accept-encoding"] == "gzip"
    assert TOKEN not in str(sent.url)


async def test_a_guest_sends_no_authorization(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/version").respond(json={"version": "2.25.0"})
    async with clock.client(token=None) as client:
        await client.version()
    assert "authorization" not in route.calls.last.request.headers


async def test_odd_names_leave_quoted_as_go_quotes_them(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get(url__startswith=SERVER).mock(OK)
    async with clock.client() as client:
        await client.latest_build("oc to/he@l!lo?é#%2e", branch="feature/a b&c")
    path, _, query = route.calls.last.request.url.raw_path.partition(b"?")
    assert path == b"/api/repos/oc%20to/he@l%21lo%3F%C3%A9%23%252e/builds/latest"
    assert httpx.QueryParams(query.decode())["branch"] == "feature/a b&c"


@pytest.mark.parametrize("repo", ["octo/..", "octo", "octo/he\nllo", "octo/"])
async def test_a_name_that_cannot_be_right_never_leaves(drone: respx.MockRouter, clock: Clock, repo: str) -> None:
    async with clock.client() as client:
        with pytest.raises(InvalidInput):
            await client.repo(repo)
    assert not drone.calls


async def test_passing_trouble_is_ridden_out_with_growing_pauses(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/api/user").mock(
        side_effect=[httpx.ConnectError("no"), BUSY, httpx.Response(200, json={"id": 1, "login": "o"})]
    )
    async with clock.client() as client:
        assert (await client.user()).login == "o"
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
        (httpx.Response(502), DroneFailed),
        (httpx.Response(503), DroneFailed),
        (httpx.Response(504), TimedOut),
    ],
    ids=repr,
)
async def test_trouble_that_does_not_pass_is_told_after_the_last_try(
    drone: respx.MockRouter, clock: Clock, trouble: Any, kind: type[ServiceError]
) -> None:
    route = drone.get("/api/repos/octo/hello/builds/7").mock(side_effect=[trouble] * 3)
    error = await fails(clock.client())
    assert type(error) is kind
    assert error.retryable
    assert route.call_count == 3


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 500, 501])
async def test_an_answer_that_would_stay_the_same_is_asked_for_once(
    drone: respx.MockRouter, clock: Clock, status: int
) -> None:
    route = drone.get("/api/repos/octo/hello/builds/7").respond(status, json={"message": "no"})
    error = await fails(clock.client())
    assert error.status == status
    assert route.call_count == 1
    assert clock.pauses == []


@pytest.mark.parametrize("trouble", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), BUSY, httpx.Response(504)])
async def test_a_restart_is_never_sent_twice(drone: respx.MockRouter, clock: Clock, trouble: Any) -> None:
    route = drone.post("/api/repos/octo/hello/builds/7").mock(side_effect=[trouble])
    error = await fails(clock.client(), calls.restart_build("octo/hello", 7))
    assert route.call_count == 1
    assert not error.retryable
    assert "may have happened" in error.next_step


async def test_a_cancel_may_be_sent_twice(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.delete("/api/repos/octo/hello/builds/7").mock(side_effect=[httpx.ReadError("reset"), OK])
    async with clock.client() as client:
        await client.cancel_build("octo/hello", 7)
    assert route.call_count == 2


async def test_a_certificate_that_is_not_trusted_is_no_passing_trouble(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/version").mock(side_effect=httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed"))
    error = await fails(clock.client(), calls.version())
    assert "DRONE_MCP_CA_FILE" in error.next_step
    assert route.call_count == 1


async def test_a_proxy_that_refuses_is_named(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get("/version").mock(side_effect=httpx.ProxyError("407 Proxy Authentication Required"))
    error = await fails(clock.client(), calls.version())
    assert "407" in error.message
    assert "NO_PROXY" in error.next_step


async def test_the_pause_that_a_proxy_asks_for_is_kept(drone: respx.MockRouter, clock: Clock) -> None:
    later = httpx.Response(429, headers={"Retry-After": "7"})
    drone.get("/api/repos/octo/hello/builds/7").mock(side_effect=[later, OK])
    async with clock.client() as client:
        await client.build("octo/hello", 7)
    assert clock.pauses == [7.25]


async def test_the_pause_may_be_named_as_a_date(drone: respx.MockRouter, clock: Clock) -> None:
    later = httpx.Response(503, headers={"Retry-After": "Thu, 01 Jan 1970 00:16:50 GMT"})
    drone.get("/api/repos/octo/hello/builds/7").mock(side_effect=[later, OK])
    async with clock.client() as client:
        await client.build("octo/hello", 7)
    assert clock.pauses == [10.25]


async def test_a_pause_beyond_the_deadline_is_not_begun(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/api/repos/octo/hello/builds/7").respond(429, headers={"Retry-After": "61"})
    error = await fails(clock.client())
    assert type(error) is RateLimited
    assert error.details["retry_after"] == 61.0
    assert (route.call_count, clock.pauses) == (1, [])


async def test_attempts_and_pauses_share_one_deadline(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/api/repos/octo/hello/builds/7").respond(503, headers={"Retry-After": "25"})
    await fails(clock.client(retries=9))
    assert clock.pauses == [25.25, 25.5]
    assert route.call_count == 3


@pytest.mark.parametrize("call", [calls.build("octo/hello", 7), calls.approve_stage("octo/hello", 7, 1)])
async def test_an_answer_that_never_comes_ends_with_the_deadline(clock: Clock, call: calls.Call[Any]) -> None:
    async def hang(_: httpx.Request) -> httpx.Response:
        await anyio.sleep_forever()
        raise AssertionError

    error = await fails(clock.client(timeout=0.01, network=httpx.MockTransport(hang)), call)
    assert type(error) is TimedOut
    assert error.retryable is call.idempotent


async def test_a_caller_who_gives_up_is_heard_at_once(clock: Clock) -> None:
    requests = []

    async def hang(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        scope.cancel()
        await anyio.sleep_forever()
        raise AssertionError

    async with clock.client(network=httpx.MockTransport(hang)) as client:
        with anyio.CancelScope() as scope:
            await client.version()
    assert scope.cancelled_caught
    assert len(requests) == 1


async def test_calls_that_drone_may_hold_are_given_their_time(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.post("/api/repos/octo/hello/builds").respond(json=BUILD)
    async with clock.client(timeout=5) as client:
        await client.create_build("octo/hello")
    assert route.calls.last.request.extensions["timeout"] == {"connect": 5.0, "read": 60.0, "write": 30.0, "pool": 30.0}


async def test_every_phase_has_its_own_patience(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/version").respond(json={})
    async with clock.client(connect_timeout=1, read_timeout=2) as client:
        await client.version()
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
    drone: respx.MockRouter, clock: Clock
) -> None:
    body = Drip(b"x" * 100, 1_000_000)
    drone.get("/version").mock(httpx.Response(200, headers={"Content-Length": "5"}, stream=body))
    error = await fails(clock.client(max_body=1000), calls.version())
    assert type(error) is AnswerTooLarge
    assert body.left == 1_000_000 - 11
    assert body.closed


async def test_a_small_answer_that_unpacks_to_a_large_one_is_not_taken(drone: respx.MockRouter, clock: Clock) -> None:
    bomb = gzip.compress(b"0" * 10_000_000)
    drone.get("/version").respond(200, headers={"Content-Encoding": "gzip"}, content=bomb)
    assert type(await fails(clock.client(max_body=1_000_000), calls.version())) is AnswerTooLarge


async def test_a_compressed_answer_is_read(drone: respx.MockRouter, clock: Clock) -> None:
    body = gzip.compress(json.dumps({"version": "2.25.0"}).encode())
    drone.get("/version").respond(200, headers={"Content-Encoding": "gzip"}, content=body)
    async with clock.client() as client:
        assert (await client.version()).version == "2.25.0"


@pytest.mark.parametrize("encoding", ["gzip, gzip", "br", "zstd"])
async def test_a_compression_that_was_not_asked_for_is_not_unpacked(
    drone: respx.MockRouter, clock: Clock, encoding: str
) -> None:
    drone.get("/version").mock(httpx.Response(200, headers={"Content-Encoding": encoding}, stream=Drip(b"x", 1)))
    assert type(await fails(clock.client(), calls.version())) is UnexpectedAnswer


async def test_a_stream_in_a_compression_that_was_not_asked_for_is_not_opened(
    drone: respx.MockRouter, clock: Clock
) -> None:
    headers = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip, gzip"}
    drone.get("/api/stream").mock(httpx.Response(200, headers=headers, stream=Drip(b"x", 1)))
    async with clock.client() as client:
        with pytest.raises(UnexpectedAnswer, match="compressed"):
            await anext(client.feed())


async def test_a_broken_compression_is_told(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get("/version").mock(httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=Drip(b"no gzip", 1)))
    assert type(await fails(clock.client(), calls.version())) is UnexpectedAnswer


async def test_a_redirect_is_not_followed_with_the_token(drone: respx.MockRouter, clock: Clock) -> None:
    drone.get("/version").respond(301, headers={"Location": "https://elsewhere.example.com/version"})
    elsewhere = drone.get("https://elsewhere.example.com/version").respond(json={})
    error = await fails(clock.client(), calls.version())
    assert "https://elsewhere.example.com/version" in error.message
    assert not elsewhere.called


async def test_a_gate_sees_every_attempt_before_it_leaves(drone: respx.MockRouter, clock: Clock) -> None:
    seen: list[str] = []
    drone.get("/api/repos/octo/hello/builds/7").mock(side_effect=[BUSY, OK])
    async with clock.client(gate=lambda call: seen.append(f"{call.operation} {call.repo} {call.writes}")) as client:
        await client.build("octo/hello", 7)
    assert seen == ["builds.get octo/hello False"] * 2


async def test_what_a_gate_refuses_never_leaves(drone: respx.MockRouter, clock: Clock) -> None:
    def closed(call: calls.Call[Any]) -> None:
        raise PermissionDenied(f"{call.repo} is out of scope")

    assert (await fails(clock.client(gate=closed))).message == "octo/hello is out of scope"
    async with clock.client(gate=closed) as client:
        with pytest.raises(PermissionDenied):
            await anext(client.follow_log("octo/hello", 1, 1, 1))
    assert not drone.calls


async def test_a_token_that_was_rotated_behind_our_back_is_read_and_tried_again(
    drone: respx.MockRouter, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old-token")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer new-token":
            return OK
        file.write_text("new-token")
        return httpx.Response(401, json={"message": "Unauthorized"})

    route = drone.post("/api/repos/octo/hello/builds/7").mock(side_effect=answer)
    async with clock.client(token_file=file) as client:
        assert await client.restart_build("octo/hello", 7)
    assert route.call_count == 2


async def test_a_token_that_stays_wrong_is_tried_once(drone: respx.MockRouter, clock: Clock, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("wrong-token")
    route = drone.get("/api/repos/octo/hello/builds/7").respond(401, json={"message": "Unauthorized"})
    error = await fails(clock.client(token_file=file))
    assert type(error) is AuthenticationFailed
    assert route.call_count == 1


async def test_a_token_file_that_vanished_is_told_before_anything_leaves(
    drone: respx.MockRouter, clock: Clock, tmp_path: Path
) -> None:
    error = await fails(clock.client(token_file=tmp_path / "gone"))
    assert type(error) is AuthenticationFailed
    assert "gone" in error.message
    assert not drone.calls


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_a_file_of_authorities_that_is_none_is_refused(clock: Clock, tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    error = await fails(clock.client(ca_file=file))
    assert type(error) is InvalidInput
    assert "ca.pem" in error.message


async def test_a_client_that_sent_nothing_opened_nothing() -> None:
    async with DroneClient(ClientOptions(server=SERVER)) as client:
        assert client._transport._client is None  # the point is what does not exist yet


# Over real sockets


async def test_one_connection_serves_many_requests(clock: Clock) -> None:
    async with RawServer().listening() as server, clock.client(server=f"http://127.0.0.1:{server.port}") as client:
        for _ in range(3):
            await client.version()
    assert (server.connections, len(server.heads)) == (1, 3)


async def test_a_body_that_breaks_off_is_no_answer(clock: Clock) -> None:
    server = RawServer(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{"version"')
    async with server.listening():
        error = await fails(clock.client(server=f"http://127.0.0.1:{server.port}"), calls.version())
    assert type(error) is Unreachable
    assert server.connections == 3


async def test_what_is_no_http_at_all_is_unreachable(clock: Clock) -> None:
    async with RawServer(b"SSH-2.0-OpenSSH_9.9\r\n").listening() as server:
        error = await fails(clock.client(server=f"http://127.0.0.1:{server.port}"), calls.version())
    assert type(error) is Unreachable


async def test_a_port_where_nobody_listens_is_unreachable(clock: Clock) -> None:
    async with RawServer().listening() as server:
        pass
    error = await fails(clock.client(server=f"http://127.0.0.1:{server.port}"), calls.version())
    assert type(error) is Unreachable
    assert f"http://127.0.0.1:{server.port}" in error.message


async def test_a_certificate_is_trusted_by_the_file_of_its_authority_alone(clock: Clock, tmp_path: Path) -> None:
    tls, authority = certificate(tmp_path)
    async with RawServer().listening(tls) as server:
        address = f"https://127.0.0.1:{server.port}"
        async with clock.client(server=address, ca_file=authority) as client:
            await client.version()
        error = await fails(clock.client(server=address), calls.version())
    assert "not trusted" in error.message
    assert not error.retryable
    assert len(server.heads) == 1


async def test_a_proxy_of_the_environment_is_used(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    async with RawServer().listening() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("NO_PROXY", "")
        async with clock.client(server="http://drone.example.com") as client:
            await client.version()
    assert proxy.heads[0].startswith(b"GET http://drone.example.com/version HTTP/1.1\r\n")


async def test_no_proxy_is_asked_for_a_server_on_this_machine(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "")
    async with RawServer().listening() as server, clock.client(server=f"http://127.0.0.1:{server.port}") as client:
        await client.version()
    assert server.connections == 1
