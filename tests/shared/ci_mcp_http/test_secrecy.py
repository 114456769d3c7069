"""A token is in its header and nowhere else."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_http.options import ClientOptions
from ci_mcp_kit.errors import ServiceError
from support.forge import COMMENT, FORGE, READ, SERVER, TOKEN, ForgeClock
from support.troubles import TROUBLES, chain

if TYPE_CHECKING:
    import respx

    from ci_mcp_http.call import Call


@pytest.mark.parametrize("call", [READ, COMMENT], ids=lambda call: call.operation)
@pytest.mark.parametrize("trouble", TROUBLES, ids=repr)
async def test_no_trouble_shows_the_token(
    forge: respx.MockRouter,
    clock: ForgeClock,
    caplog: pytest.LogCaptureFixture,
    trouble: Any,
    call: Call[Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    forge.route().mock(side_effect=[trouble] * 3)
    async with clock.transport() as transport:
        with pytest.raises(ServiceError) as caught:
            await transport.send(call)
    error = caught.value
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    shown += repr(vars(error)) + repr(transport) + caplog.text
    assert TOKEN not in shown
    assert not [link for link in chain(error) if isinstance(link, httpx.HTTPError)]
    assert forge.calls.last.request.headers["x-forge-token"] == f"forge {TOKEN}"


async def test_no_object_that_holds_the_token_shows_it(clock: ForgeClock) -> None:
    options = ClientOptions(service=FORGE, server=SERVER, token=TOKEN)
    async with clock.transport() as transport:
        assert TOKEN not in f"{options!r} {options} {transport!r} {vars(transport)}"


async def test_success_is_as_silent(
    forge: respx.MockRouter, clock: ForgeClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    forge.get(READ.path).respond(json={"number": 7})
    async with clock.transport() as transport:
        assert TOKEN not in repr(await transport.send(READ))
    assert TOKEN not in caplog.text
