"""A token is in the Authorization header and nowhere else."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_kit.errors import ServiceError
from forge_client.gitea import issue_calls, write_calls
from forge_client.options import ForgeOptions
from support.forge_client import SERVER, TOKEN, Clock
from support.troubles import TROUBLES, chain

if TYPE_CHECKING:
    import respx

    from ci_mcp_http.call import Call

CALLS = [issue_calls.issue("octo/hello", 7), write_calls.create_comment("octo/hello", 7, "a text")]


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
@pytest.mark.parametrize("trouble", TROUBLES, ids=repr)
async def test_no_trouble_shows_the_token(
    forge: respx.MockRouter, clock: Clock, caplog: pytest.LogCaptureFixture, trouble: Any, call: Call[Any]
) -> None:
    caplog.set_level(logging.DEBUG)
    forge.route().mock(side_effect=[trouble] * 3)
    async with clock.client() as client:
        with pytest.raises(ServiceError) as caught:
            await client.send(call)
    error = caught.value
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    shown += repr(vars(error)) + repr(client) + caplog.text
    assert TOKEN not in shown
    assert not [link for link in chain(error) if isinstance(link, httpx.HTTPError)]
    assert forge.calls.last.request.headers["authorization"] == f"Bearer {TOKEN}"


def test_no_object_that_holds_the_token_shows_it(clock: Clock) -> None:
    options = ForgeOptions(server=SERVER, token=TOKEN)
    client = clock.client()
    assert TOKEN not in f"{options!r} {options} {client!r} {vars(client)} {vars(client._transport)}"


@pytest.mark.parametrize("status", [401, 403])
async def test_without_a_token_none_is_sent_and_the_variable_is_named(
    forge: respx.MockRouter, clock: Clock, status: int
) -> None:
    # The second is the answer of a server that shows nothing without a sign-in.
    words = {401: "token is required", 403: "Only signed in user is allowed to call APIs."}
    route = forge.route().respond(status, json={"message": words[status]})
    async with clock.client(token=None) as client:
        with pytest.raises(ServiceError, match="no token is set") as caught:
            await client.user()
    assert "authorization" not in route.calls.last.request.headers
    assert "FORGE_TOKEN" in caught.value.next_step
