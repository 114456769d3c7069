"""A token that Drone does not know makes a guest of its holder, and every answer of every server says so."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import pytest
from mcp import Client

from support.agent import Answer
from support.arguments import least_arguments
from support.installed import (
    environment_of,
    make_server,
    optional_addresses,
    servers_that_ask_only,
    writing_environment_of,
)
from support.patience import PATIENCE
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.simulator import SimulatorHandle

REPO, FAILED, MISSING = "octo/hello", 4, 999
WRONG = "a-token-that-drone-has-forgotten"
SERVERS = servers_that_ask_only("Drone")
UNKNOWN = "Drone does not know the token in DRONE_TOKEN: this is what a guest sees"
GET_BUILD = ("drone_get_build", {"repo": REPO, "number": FAILED})


def notice_of(result: Any) -> str:
    """Return the notice of an answer, which its text has as well."""
    if result.is_error:
        return str(Answer(result).data["details"].get("notice", ""))
    notice = str(result.structured_content.get("notice", ""))
    assert notice in result.content[0].text[: len(notice) + 20], "text and data begin with it"
    return notice


@asynccontextmanager
async def connected(drone: SimulatorHandle, name: str, **env: str) -> AsyncIterator[Client]:
    environment = environment_of(name, drone.url, WRONG) | optional_addresses(name)
    environment |= writing_environment_of(name, "dry-run", drone.admin_token)
    if "DRONE_TOKEN_FILE" in env:
        del environment["DRONE_TOKEN"]
    async with Client(make_server(name, environment | env)) as client:
        yield client


def checks(drone: SimulatorHandle) -> int:
    return [request.path for request in drone.world.requests].count("/api/user")


@pytest.mark.parametrize("number", [FAILED, MISSING])
@pytest.mark.parametrize("name", SERVERS)
async def test_every_answer_that_asked_drone_says_that_it_is_a_guests(name: str, number: int) -> None:
    said = 0
    async with running_simulator("demo", socket=True) as drone, connected(drone, name) as client:
        for tool in (await client.list_tools()).tools:
            drone.forget()
            result = await client.call_tool(tool.name, least_arguments(tool, REPO, number))
            if result.is_error and (error := Answer(result)).code == "AUTH_FAILED":
                assert error.data["message"].startswith("Drone does not know this token")
            elif drone.asked:
                assert notice_of(result).startswith(UNKNOWN), tool.name
                said += 1
    assert said


@pytest.mark.parametrize("login", ["admin", "dev", "robot"])
@pytest.mark.parametrize("name", SERVERS)
async def test_no_answer_to_a_known_token_has_a_notice_and_it_is_checked_once(name: str, login: str) -> None:
    async with running_simulator("demo", socket=True) as drone:
        async with connected(drone, name, DRONE_TOKEN=drone.token(login)) as client:
            for tool in (await client.list_tools()).tools:
                assert not notice_of(await client.call_tool(tool.name, least_arguments(tool, REPO, FAILED))), tool.name
        assert checks(drone) == 1


async def test_without_a_token_nothing_is_checked() -> None:
    async with running_simulator("demo", socket=True) as drone:
        async with connected(drone, "builds", DRONE_TOKEN="") as client:
            assert not notice_of(await client.call_tool(*GET_BUILD))
        assert checks(drone) == 0


async def test_a_token_that_is_corrected_in_its_file_ends_the_notice(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "token"
    file.write_text(WRONG, encoding="utf-8")
    async with running_simulator("demo", socket=True) as drone:
        async with connected(drone, "builds", DRONE_TOKEN_FILE=str(file)) as client:
            with caplog.at_level(logging.WARNING):
                first, second = await client.call_tool(*GET_BUILD), await client.call_tool(*GET_BUILD)
            assert notice_of(first) == notice_of(second)
            assert "the token in DRONE_TOKEN_FILE" in notice_of(first)
            assert [record.getMessage() for record in caplog.records].count(notice_of(first)) == 1
            assert WRONG not in caplog.text
            file.write_text(drone.admin_token, encoding="utf-8")
            assert not notice_of(await client.call_tool(*GET_BUILD))
        assert checks(drone) == 2


async def test_a_user_who_was_deactivated_is_said_to_be() -> None:
    async with running_simulator("demo", socket=True) as drone:
        drone.world.users["dev"].active = False
        async with connected(drone, "builds", DRONE_TOKEN=drone.token("dev")) as client:
            assert "has deactivated the token's user dev" in notice_of(await client.call_tool(*GET_BUILD))


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 500}, {"kind": "delay", "seconds": 3600}])
async def test_a_check_that_fails_or_hangs_costs_no_answer(fault: dict[str, Any]) -> None:
    async with running_simulator("demo", socket=True) as drone:
        drone.break_with(route="/api/user", **fault)
        async with connected(drone, "builds") as client:
            with anyio.fail_after(PATIENCE):
                result = await client.call_tool(*GET_BUILD)
            assert not result.is_error
            assert not notice_of(result)
            await client.call_tool(*GET_BUILD)
        assert checks(drone) == 1
