"""The parts of a request that are Drone's; those of any service are tested at `ci_mcp_http`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from drone_mcp_client import calls
from drone_mcp_client.errors import InvalidInput, ServiceError
from support.drone_client import SERVER, TOKEN, Clock

if TYPE_CHECKING:
    from pathlib import Path

    import respx

BUILD_PATH = "/api/repos/octo/hello/builds/7"
BUILD = httpx.Response(200, json={"number": 7, "status": "success"})


async def test_a_request_carries_a_bearer_token(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get(BUILD_PATH).mock(BUILD)
    async with clock.client() as client:
        assert (await client.build("octo/hello", 7)).status == "success"
    assert route.calls.last.request.headers["authorization"] == f"Bearer {TOKEN}"


async def test_a_guest_sends_no_authorization(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get("/version").respond(json={"version": "2.25.0"})
    async with clock.client(token=None) as client:
        await client.version()
    assert "authorization" not in route.calls.last.request.headers


async def test_odd_names_leave_quoted_as_go_quotes_them(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.get(url__startswith=SERVER).mock(BUILD)
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


@pytest.mark.parametrize(
    "trouble", [httpx.ReadError("reset"), httpx.ReadTimeout("slow"), httpx.Response(503), httpx.Response(504)]
)
@pytest.mark.parametrize(
    "call", [calls.restart_build("octo/hello", 7), calls.approve_stage("octo/hello", 7, 1)], ids=lambda c: c.operation
)
async def test_a_restart_or_a_decision_is_never_sent_twice(
    drone: respx.MockRouter, clock: Clock, trouble: Any, call: Any
) -> None:
    route = drone.post(call.path).mock(side_effect=[trouble])
    async with clock.client() as client:
        with pytest.raises(ServiceError) as caught:
            await client.send(call)
    assert route.call_count == 1
    assert not caught.value.retryable
    assert "may have happened" in caught.value.next_step


async def test_a_cancel_may_be_sent_twice(drone: respx.MockRouter, clock: Clock) -> None:
    route = drone.delete(BUILD_PATH).mock(side_effect=[httpx.ReadError("reset"), BUILD])
    async with clock.client() as client:
        await client.cancel_build("octo/hello", 7)
    assert route.call_count == 2


async def test_a_build_that_drone_may_take_long_to_start_is_given_its_time(
    drone: respx.MockRouter, clock: Clock
) -> None:
    route = drone.post("/api/repos/octo/hello/builds").mock(BUILD)
    async with clock.client(timeout=5) as client:
        await client.create_build("octo/hello")
    assert route.calls.last.request.extensions["timeout"]["read"] == 60.0


async def test_a_restart_with_a_token_that_was_rotated_meanwhile_is_sent_with_the_new_one(
    drone: respx.MockRouter, clock: Clock, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text("old-token")

    def answer(request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] == "Bearer new-token":
            return BUILD
        file.write_text("new-token")
        return httpx.Response(401, json={"message": "Unauthorized"})

    route = drone.post(BUILD_PATH).mock(side_effect=answer)
    async with clock.client(token_file=file) as client:
        assert await client.restart_build("octo/hello", 7)
    assert route.call_count == 2
