"""A token is in the Authorization header and nowhere else."""

from __future__ import annotations

import logging
import traceback
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_client import calls
from drone_mcp_client.errors import ServiceError
from drone_mcp_client.options import DroneOptions
from support.drone_client import SERVER, TOKEN, Clock
from support.troubles import TROUBLES, chain

if TYPE_CHECKING:
    import respx

    from ci_mcp_http.call import Call


@pytest.mark.parametrize("call", [calls.user(), calls.restart_build("octo/hello", 1)], ids=lambda call: call.operation)
@pytest.mark.parametrize("trouble", TROUBLES, ids=repr)
async def test_no_trouble_shows_the_token(
    drone: respx.MockRouter,
    clock: Clock,
    caplog: pytest.LogCaptureFixture,
    trouble: Any,
    call: Call[Any],
) -> None:
    caplog.set_level(logging.DEBUG)
    drone.route().mock(side_effect=[trouble] * 3)
    async with clock.client() as client:
        with pytest.raises(ServiceError) as caught:
            await client.send(call)
    error = caught.value
    shown = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    shown += repr(vars(error)) + repr(client) + caplog.text
    assert TOKEN not in shown
    assert not [link for link in chain(error) if isinstance(link, httpx.HTTPError)]
    assert drone.calls.last.request.headers["authorization"] == f"Bearer {TOKEN}"


def test_no_object_that_holds_the_token_shows_it(clock: Clock) -> None:
    options = DroneOptions(server=SERVER, token=TOKEN)
    client = clock.client()
    assert TOKEN not in f"{options!r} {options} {client!r} {vars(client)} {vars(client._transport)}"


async def test_success_is_as_silent(drone: respx.MockRouter, clock: Clock, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    drone.get("/api/user").respond(json={"id": 1, "login": "octo"})
    async with clock.client() as client:
        assert TOKEN not in repr(await client.user())
    assert TOKEN not in caplog.text
