"""An error about a write says whether the write may have been carried out; and it gives away no third party."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_http.response import hide_addresses
from ci_mcp_kit.errors import ServiceError
from support.forge import CLOSE, COMMENT, READ

if TYPE_CHECKING:
    import respx

    from support.forge import ForgeClock

NOT_SENT = [httpx.ConnectError("no"), httpx.ConnectTimeout("no"), httpx.ProxyError("no"), httpx.PoolTimeout("no")]
NOT_DONE = [httpx.Response(status, json={}) for status in (301, 400, 401, 402, 403, 404, 405, 409, 422, 429, 501)]
LOST = [
    httpx.ReadError("reset"),
    httpx.WriteError("reset"),
    httpx.ReadTimeout("slow"),
    httpx.RemoteProtocolError("cut"),
]
FAULTS = [httpx.Response(status, json={}) for status in (500, 502, 503, 504, 507, 520, 599)]
UNREADABLE = [
    httpx.Response(200, content=b"{"),
    httpx.Response(201, html="<html>"),
    httpx.Response(200, content=b"x" * 2000),
    httpx.Response(200, headers={"Content-Encoding": "br"}),
    httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip")),
]
CASES = [
    *((answer, False) for answer in NOT_SENT + NOT_DONE),
    *((answer, True) for answer in LOST + FAULTS + UNREADABLE),
]


@pytest.mark.parametrize(("answer", "unknown"), CASES, ids=[repr(answer) for answer, _ in CASES])
@pytest.mark.parametrize("call", [COMMENT, CLOSE, READ], ids=lambda call: call.operation)
async def test_only_what_may_have_been_done_is_unknown(
    forge: respx.MockRouter, clock: ForgeClock, call: Any, answer: Any, unknown: bool
) -> None:
    forge.route().mock(side_effect=[answer])
    async with clock.transport(max_body=1000, retries=0) as transport:
        with pytest.raises(ServiceError) as caught:
            await transport.send(call)
    assert caught.value.outcome_unknown == (unknown and call.writes)
    assert not (unknown and call is COMMENT and caught.value.retryable)


HOSTS = st.sampled_from(("hooks.internal", "10.1.2.3", "[fd00::1]", "gitea", "a-b.example.com"))
WORDS = st.sampled_from(
    (
        'Post "http://{host}:9000/drone?key=s3cr": dial tcp {host}:9000: connect: connection refused',
        "dial tcp: lookup {host} on 10.9.9.9:53: no such host",
        "dial tcp: lookup {host}: no such host",
        "Get https://user:pw@{host}/api: EOF",
        "read tcp 10.9.9.9:1234->{host}:443: read: connection reset by peer",
    )
)


@given(HOSTS, WORDS)
def test_addresses_that_a_service_has_called_are_hidden(host: str, words: str) -> None:
    hidden = hide_addresses(words.format(host=host))
    assert host not in hidden
    assert "s3cr" not in hidden
    assert "pw" not in hidden
    assert "10.9.9.9" not in hidden


@pytest.mark.parametrize(
    "words", ["Not Found", "yaml: line 3: did not find expected key", "database is locked", "v2.25.0 at 14:13:28"]
)
def test_other_words_stay(words: str) -> None:
    assert hide_addresses(words) == words
