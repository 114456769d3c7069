"""Introspection of tokens (RFC 7662) at the HTTP boundary; tests/acceptance/test_node_identity.py has a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from ci_mcp_kit.errors import AuthenticationFailed, ServiceFailed, Unreachable
from drone_mcp_node_agent.auth.callers import Role
from drone_mcp_node_agent.auth.introspection import IdentityServer, caller_of
from drone_mcp_node_agent.configuration.model import Introspection

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

URL = "http://127.0.0.1:9/introspect"
ALICE = {"active": True, "username": "alice", "scope": "openid nodes:admin", "exp": 1_000_000}


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server(tmp_path: Path, time: Time) -> IdentityServer:
    secret = tmp_path / "secret"
    secret.write_text("p:ss word\n")
    return IdentityServer(Introspection(url=URL, client_id="node 1", client_secret_file=secret), time, entries=20)


@pytest.fixture
def route() -> Iterator[respx.Route]:
    with respx.mock(assert_all_called=False) as router:
        yield router.post(URL).mock(return_value=httpx.Response(200, json=ALICE))


async def test_the_server_is_asked_as_the_rfc_says(server: IdentityServer, route: respx.Route) -> None:
    caller = await server.authenticate("t&k")

    request = route.calls.last.request
    assert request.content == b"token=t%26k&token_type_hint=access_token"
    assert request.headers["authorization"] == httpx.BasicAuth("node%201", "p%3Ass%20word")._auth_header
    assert (caller.name, caller.roles) == ("alice", frozenset({Role.ADMIN}))


async def test_an_answer_is_kept_for_30_seconds_and_not_beyond_the_end_of_the_token(
    server: IdentityServer, route: respx.Route, time: Time
) -> None:
    await server.authenticate("a")
    time.now += 29.9
    await server.authenticate("a")
    assert route.call_count == 1
    time.now += 0.2
    await server.authenticate("a")
    assert route.call_count == 2

    route.mock(return_value=httpx.Response(200, json={**ALICE, "exp": time.now + 5}))
    await server.authenticate("b")
    time.now += 5
    with pytest.raises(AuthenticationFailed):
        await server.authenticate("b")
    assert route.call_count == 4


async def test_a_wrong_token_is_refused_and_asked_for_once(server: IdentityServer, route: respx.Route) -> None:
    route.mock(return_value=httpx.Response(200, json={"active": False}))
    for _ in range(3):
        with pytest.raises(AuthenticationFailed, match="wrong or has expired"):
            await server.authenticate("a")
    assert route.call_count == 1


async def test_many_wrong_tokens_do_not_fill_the_memory(server: IdentityServer, route: respx.Route) -> None:
    route.mock(return_value=httpx.Response(200, json={"active": False}))
    for number in range(30):
        with pytest.raises(AuthenticationFailed):
            await server.authenticate(str(number))
    assert len(server._known) == 20  # the bound cannot be seen from outside


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (httpx.Response(401), "answered 401 .* Check client_id and client_secret_file"),
        (httpx.Response(503), "answered 503"),
        (httpx.Response(302, headers={"location": "http://127.0.0.1:9/login"}), "answered 302"),
        (httpx.Response(200, text="<html>"), "invalid introspection response"),
        (httpx.Response(200, json=[]), "invalid introspection response"),
        (httpx.Response(200, json={"active": "true", "sub": "a"}), "invalid introspection response"),
        (httpx.Response(200, json={"active": True}), "names no owner"),
        (httpx.Response(200, content=b" " * 70_000), "too large"),
        (httpx.ConnectError("refused"), r"cannot be reached \(ConnectError\)"),
        (httpx.ReadTimeout("late"), "did not answer in time"),
    ],
)
async def test_an_identity_server_that_does_not_answer_as_it_should_is_unreachable(
    server: IdentityServer, route: respx.Route, answer: Any, message: str
) -> None:
    route.mock(side_effect=[answer, httpx.Response(200, json=ALICE)])
    with pytest.raises(Unreachable, match=message):
        await server.authenticate("a")
    assert (await server.authenticate("a")).name == "alice"  # a fault is not kept


async def test_a_missing_secret_is_a_fault_of_the_node(
    server: IdentityServer, route: respx.Route, tmp_path: Path
) -> None:
    (tmp_path / "secret").unlink()
    with pytest.raises(ServiceFailed, match="cannot read the secret"):
        await server.authenticate("a")
    assert not route.called


JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["active", "exp", "scope", "sub"]), inner)
    ),
    max_leaves=6,
)


@given(JSON)
def test_only_an_answer_that_is_active_gives_a_caller(answer: Any) -> None:
    try:
        caller = caller_of(answer, "nodes:admin", "nodes:reader", 0.0)
    except (ValueError, OverflowError):
        return
    assert (caller is None) or answer["active"] is True
