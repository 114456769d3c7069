"""Bodies that are received piece by piece, and redirects to a store that keeps them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
import respx

from ci_mcp_http.transport import Download
from ci_mcp_kit.errors import AnswerTooLarge, NotFound, ServiceError, TimedOut, UnexpectedAnswer, Unreachable
from support.forge import ISSUE_PATH, READ, SERVER, TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from support.forge import ForgeClock

FILE = replace(
    READ,
    headers=(("Accept", "*/*"), ("Accept-Encoding", "identity"), ("X-Own", "o"), ("Range", "bytes=2-5")),
    redirects=True,
)
STORE = "https://store.example.com/bucket/app.bin"
SIGNED = f"{STORE}?X-Amz-Signature=5ecret5ignature"


@pytest.fixture
def web() -> Iterator[respx.MockRouter]:
    """Both hosts; a request that is not in the table fails the test."""
    with respx.mock(assert_all_called=False) as router:
        yield router


async def collect(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


def download(limit: int = 1000, timeout: float = 60.0) -> Download[bytes]:
    return Download(collect, limit, timeout)


async def fails(clock: ForgeClock, what: Download[Any], **options: Any) -> ServiceError:
    async with clock.transport(**{"retries": 0, **options}) as transport:
        with pytest.raises(ServiceError) as caught:
            await transport.download(FILE, what)
    return caught.value


async def test_the_pieces_of_a_body_come_as_they_were_sent(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).respond(content=bytes(range(256)))
    async with clock.transport(max_body=10) as transport:
        assert await transport.download(FILE, download()) == bytes(range(256))


async def test_a_body_over_the_limit_is_refused(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).respond(content=b"x" * 1001)
    assert type(await fails(clock, download())) is AnswerTooLarge


async def test_a_compressed_body_is_refused(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).respond(content=b"x", headers={"Content-Encoding": "gzip"})
    assert type(await fails(clock, download())) is UnexpectedAnswer


async def test_what_is_no_success_goes_to_the_reader_of_the_call(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).respond(404, json={})
    assert type(await fails(clock, download())) is NotFound


class Breaking(httpx.AsyncByteStream):
    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"half"
        raise httpx.ReadError("broken")


async def test_a_body_that_breaks_is_received_anew(forge: respx.MockRouter, clock: ForgeClock) -> None:
    forge.get(ISSUE_PATH).mock(side_effect=[httpx.Response(200, stream=Breaking()), httpx.Response(200, content=b"ok")])
    async with clock.transport(retries=1) as transport:
        assert await transport.download(FILE, download()) == b"ok"


async def test_a_download_has_a_time_of_its_own(forge: respx.MockRouter, clock: ForgeClock) -> None:
    async def never(_: AsyncIterator[bytes]) -> None:
        await anyio.sleep_forever()

    forge.get(ISSUE_PATH).respond(content=b"x")
    error = await fails(clock, Download(never, 1000, 0.01), timeout=3600.0)
    assert (type(error), "within 0.01 seconds" in error.message) == (TimedOut, True)


async def test_a_store_gets_the_question_and_nothing_of_who_asks(web: respx.MockRouter, clock: ForgeClock) -> None:
    web.get(SERVER + ISSUE_PATH).respond(302, headers={"Location": SIGNED, "Set-Cookie": "session=secret; Path=/"})
    store = web.get(SIGNED).respond(206, content=b"bcde")
    async with clock.transport() as transport:
        assert await transport.download(FILE, download()) == b"bcde"
    sent = store.calls.last.request.headers
    assert (sent["range"], sent["accept-encoding"]) == ("bytes=2-5", "identity")
    assert not {"x-forge-token", "authorization", "cookie", "x-own", "referer"} & sent.keys()
    assert TOKEN not in str(sent.raw)


async def test_a_response_that_is_read_whole_comes_from_the_store_as_well(
    web: respx.MockRouter, clock: ForgeClock
) -> None:
    web.get(SERVER + ISSUE_PATH).respond(307, headers={"Location": SIGNED})
    web.get(SIGNED).respond(json={"number": 7})
    async with clock.transport() as transport:
        assert await transport.send(FILE) == {"number": 7}


@pytest.mark.parametrize(
    ("server", "location"),
    [
        (SERVER, "http://store.example.com/app.bin"),
        ("http://forge.example.com", "https://store.example.com/app.bin"),
        (SERVER, f"{SERVER}/elsewhere"),
        (SERVER, "/elsewhere"),
        (SERVER, "https://user:password@store.example.com/app.bin"),
        (SERVER, "file:///etc/passwd"),
        (SERVER, ""),
    ],
)
async def test_no_other_redirect_is_followed(
    web: respx.MockRouter, clock: ForgeClock, server: str, location: str
) -> None:
    web.get(server + ISSUE_PATH).respond(302, headers={"Location": location})
    error = await fails(clock, download(), server=server)
    assert (type(error), error.status, len(web.calls)) == (UnexpectedAnswer, 302, 1)


async def test_a_call_that_does_not_ask_for_it_follows_no_redirect(web: respx.MockRouter, clock: ForgeClock) -> None:
    web.get(SERVER + ISSUE_PATH).respond(302, headers={"Location": SIGNED})
    async with clock.transport() as transport:
        with pytest.raises(UnexpectedAnswer):
            await transport.send(READ)
    assert len(web.calls) == 1


@pytest.mark.parametrize(
    ("answer", "kind", "said"),
    [
        (httpx.Response(403), UnexpectedAnswer, "answered with status 403"),
        (httpx.Response(302, headers={"Location": "https://third.example.com/"}), UnexpectedAnswer, "status 302"),
        (httpx.ConnectError("refused"), Unreachable, "No connection to https://store.example.com"),
        (httpx.Response(200, stream=Breaking()), Unreachable, "https://store.example.com broke"),
    ],
    ids=["refusal", "redirect", "no connection", "broken body"],
)
async def test_an_error_of_the_store_names_its_host_and_not_the_signed_address(
    web: respx.MockRouter, clock: ForgeClock, answer: Any, kind: type[ServiceError], said: str
) -> None:
    web.get(SERVER + ISSUE_PATH).respond(302, headers={"Location": SIGNED})
    web.get(SIGNED).mock(side_effect=[answer])
    error = await fails(clock, download())
    assert (type(error), said in error.message) == (kind, True)
    assert "5ecret5ignature" not in f"{error!r}{error.message}{error.next_step}{error.details}{error.__context__!r}"
    assert len(web.calls) == 2


async def test_a_redirect_is_asked_for_anew_when_the_store_fails(web: respx.MockRouter, clock: ForgeClock) -> None:
    web.get(SERVER + ISSUE_PATH).respond(302, headers={"Location": SIGNED})
    web.get(SIGNED).mock(side_effect=[httpx.Response(503), httpx.Response(200, content=b"ok")])
    async with clock.transport(retries=1) as transport:
        assert await transport.download(FILE, download()) == b"ok"
    assert [call.request.url.host for call in web.calls] == ["forge.example.com", "store.example.com"] * 2
