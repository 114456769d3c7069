"""`doctor` checks the forge: which one Drone names, whether it answers, and which scope a tool lacks."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import anyio
import pytest

from drone_mcp_config.drone.forge_check import check_forge
from support.simulator import running_simulator

if TYPE_CHECKING:
    from drone_mcp_config.checking.check_result import Check
    from support.simulator import SimulatorHandle

NEEDED = {"drone_read_file": ("read:repository",), "drone_list_issues": ("read:issue",)}


def environment_of(drone: SimulatorHandle, **forge: str) -> dict[str, str]:
    return {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token("dev"), **forge}


async def checks(environment: dict[str, str], *, is_needed: bool = True) -> list[Check]:
    return [check async for check in check_forge(environment, NEEDED, is_needed=is_needed)]


async def test_doctor_tells_the_scope_that_a_token_lacks_and_the_tools_that_need_it() -> None:
    async with running_simulator("forge", socket=True) as drone:
        given = environment_of(drone, FORGE_SERVER=f"{drone.url}/forge", FORGE_TOKEN="forge-token-for-issues")
        command = [sys.executable, "-m", "drone_mcp_config", "doctor", "--json"]
        done = await anyio.run_process(command, env=given | {"PATH": ""}, check=False)
    found = {check["name"]: check for check in json.loads(done.stdout)["checks"]}
    assert found["forge"]["detail"].startswith("Gitea 1.27.3 answers")
    assert found["forge token"]["status"] == "failed"
    assert "read:repository" in found["forge token"]["detail"]
    assert "drone_read_file" in found["forge token"]["detail"]
    assert b"forge-token-for-issues" not in done.stdout + done.stderr


async def test_a_token_with_every_scope_passes() -> None:
    async with running_simulator("forge", socket=True) as drone:
        given = environment_of(drone, FORGE_SERVER=f"{drone.url}/forge", FORGE_TOKEN="forge-token-of-a-reader")
        assert [check.status for check in await checks(given)] == ["ok", "ok"]


@pytest.mark.parametrize(("is_needed", "status"), [(True, "failed"), (False, "skipped")])
async def test_without_an_address_the_forge_that_drone_names_is_reported_and_not_asked(
    is_needed: bool, status: str
) -> None:
    async with running_simulator("forge", socket=True) as drone:
        # An address that would be asked: the simulator's own forge.
        drone.world.addresses.scm_url = f"{drone.url}/forge"
        (check,) = await checks(environment_of(drone, FORGE_TOKEN="forge-token-of-the-bot"), is_needed=is_needed)
        assert [request.path for request in drone.world.requests] == ["/varz"]
    assert check.status == status
    assert f"{drone.url}/forge" in check.detail


@pytest.mark.parametrize("token", ["not-a-token", ""])
async def test_a_wrong_or_missing_token_is_reported_with_its_variable(token: str) -> None:
    async with running_simulator("forge", socket=True) as drone:
        given = environment_of(drone, FORGE_SERVER=f"{drone.url}/forge", FORGE_TOKEN=token)
        check = (await checks(given))[-1]
    assert (check.name, check.status) == ("forge token", "failed")
    assert "FORGE_TOKEN" in check.detail + check.fix


async def test_a_forge_that_does_not_answer_is_reported() -> None:
    given = {"DRONE_SERVER": "http://127.0.0.1:1", "FORGE_SERVER": "http://127.0.0.1:1", "FORGE_TOKEN": "any"}
    (check,) = await checks(given)
    assert check.status == "failed"
    assert "127.0.0.1:1" in check.detail
