"""The Slipway server behind a real MCP client, before a Slipway whose every answer the test gives."""

from __future__ import annotations

import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
import respx
from mcp import Client
from mcp.types import ElicitResult

from slipway_mcp.server import create
from slipway_mcp.settings import SlipwaySettings
from support.examples import hold_examples

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

SERVER = "https://slipway.example.com"
PATH = "/apps/web/releases/7"
ON = {"SLIPWAY_ACTIONS": "on", "SLIPWAY_WRITE_TOKEN": "writes", "SLIPWAY_ACTION_APPS": "web"}
RELEASE = {"app": "web", "number": 7}


@pytest.fixture
def slipway() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=SERVER, assert_all_called=False) as router:
        router.get(PATH).respond(json={"number": 7, "state": "running", "author": "mona"})
        router.delete(PATH).respond(json={"number": 7, "state": "stopped"})
        yield router


async def agree(context: Any, params: Any) -> ElicitResult:  # noqa: ARG001 - the SDK's signature
    return ElicitResult(action="accept", content={})


@asynccontextmanager
async def agent(folder: Path, person: Any = None, **env: str) -> AsyncIterator[Client]:
    environment = {
        "SLIPWAY_SERVER": SERVER,
        "SLIPWAY_TOKEN": "reads",
        "DRONE_MCP_AUDIT_LOG": str(folder / "audit.jsonl"),
        **env,
    }
    async with Client(create(SlipwaySettings.from_environment(environment)), elicitation_callback=person) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    result: Any = await client.call_tool(tool, arguments)
    return dict(json.loads(result.content[0].text.removeprefix("Error: ")))


def sent(slipway: respx.MockRouter) -> list[str]:
    return [f"{call.request.method} {call.request.headers['Authorization']}" for call in slipway.calls]


async def test_a_release_is_read(slipway: respx.MockRouter, tmp_path: Path) -> None:
    async with agent(tmp_path) as client:
        answer = await call(client, "slipway_get_release", **RELEASE)
    assert answer == {**RELEASE, "state": "running", "author": "mona", "next_step": "Ask again in a minute"}
    assert sent(slipway) == ["GET Bearer reads"]


async def test_an_error_names_the_variables_of_this_service(slipway: respx.MockRouter, tmp_path: Path) -> None:
    slipway.get(PATH).respond(401)
    async with agent(tmp_path) as client:
        error = await call(client, "slipway_get_release", **RELEASE)
    assert error["code"] == "AUTH_FAILED"
    assert "SLIPWAY_TOKEN" in error["next_step"]


async def test_nothing_is_stopped_unless_changes_are_on(slipway: respx.MockRouter, tmp_path: Path) -> None:
    async with agent(tmp_path, agree) as client:
        error = await call(client, "slipway_stop_release", **RELEASE)
    assert error["code"] == "WRITES_DISABLED"
    assert "SLIPWAY_ACTIONS" in error["next_step"]
    assert sent(slipway) == []


async def test_a_release_is_stopped_once_a_person_agrees(slipway: respx.MockRouter, tmp_path: Path) -> None:
    async with agent(tmp_path, agree, **ON) as client:
        answer = await call(client, "slipway_stop_release", **RELEASE)
        again = await call(client, "slipway_stop_release", **RELEASE)
    assert (answer["outcome"], answer["state"]) == ("done", "stopped")
    assert again["outcome"] == "repeated"
    assert [line for line in sent(slipway) if not line.startswith("GET")] == ["DELETE Bearer writes"]
    lines = [json.loads(line) for line in (tmp_path / "audit.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["asked", "attempt", "outcome", "repeated"]


async def test_without_a_person_a_confirmation_is_handed_out(slipway: respx.MockRouter, tmp_path: Path) -> None:
    async with agent(tmp_path, **ON) as client:
        error = await call(client, "slipway_stop_release", **RELEASE)
    assert error["code"] == "NOT_CONFIRMED"
    assert error["message"].startswith("Stop release 7 of web, which mona started?")
    assert [line for line in sent(slipway) if not line.startswith("GET")] == []


async def test_another_application_is_left_alone(slipway: respx.MockRouter, tmp_path: Path) -> None:
    async with agent(tmp_path, agree, **{**ON, "SLIPWAY_ACTION_APPS": "api-*"}) as client:
        error = await call(client, "slipway_stop_release", **RELEASE)
    assert (error["code"], error["details"]["rule"]) == ("PERMISSION_DENIED", "apps")
    assert sent(slipway) == []


@pytest.mark.checkout
@pytest.mark.usefixtures("slipway", "same_marks")
async def test_the_examples_are_what_the_tools_answer(tmp_path: Path) -> None:
    async with agent(tmp_path, agree, **ON) as client:
        await hold_examples("slipway", client, {"slipway_get_release": RELEASE, "slipway_stop_release": RELEASE})
