"""The command checks which scopes the token that writes has, as `doctor` has it do."""

from __future__ import annotations

import json
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import pytest

from support.issues_desk import ON, SCENARIO
from support.simulator import running_simulator
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.simulator import SimulatorHandle

COMMAND = ("-m", "forge_issues", "--check-access")


@contextmanager
def played_forge() -> Iterator[SimulatorHandle]:
    """Serve Drone and its forge from another thread."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_simulator(SCENARIO, socket=True)) as drone,
    ):
        yield drone


def check(drone: SimulatorHandle, **env: str) -> tuple[int, list[dict[str, Any]]]:
    """Run the command; return its exit status, and what it found."""
    forge = {"FORGE_SERVER": f"{drone.url}/forge", "FORGE_TOKEN": "forge-token-of-a-reader", "DRONE_MCP_RETRIES": "0"}
    variables = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token("dev"), **forge, **ON, **env}
    done = subprocess.run(
        [*warm_python(), *COMMAND], env=variables, check=False, capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("scopes", "status", "lacking"),
    [
        (["write:issue", "write:repository"], 0, []),
        (["write:issue"], 1, ["write:repository"]),
        (["read:issue"], 1, ["write:issue", "write:repository"]),
    ],
)
def test_the_scopes_that_the_token_lacks_are_named_with_the_tools_that_need_them(
    scopes: list[str], status: int, lacking: list[str]
) -> None:
    with played_forge() as drone:
        drone.world.forge.add_token("dev", "of-the-writer", "writer", scopes)
        returned, found = check(drone, FORGE_WRITE_TOKEN="of-the-writer")
        assert {asked.method for asked in drone.asked} == {"GET"}
    assert returned == status
    details = [one["detail"] for one in found]
    if lacking:
        assert sorted(detail.split(",")[0] for detail in details) == [
            f"FORGE_WRITE_TOKEN lacks the scope {scope}" for scope in lacking
        ]
        assert "drone_create_pull_request" in details[-1]
    else:
        assert details == ["FORGE_WRITE_TOKEN is dev's, and has the scopes write:issue, write:repository"]


def test_a_token_that_the_forge_does_not_know_is_named_and_not_shown() -> None:
    with played_forge() as drone:
        returned, found = check(drone, FORGE_WRITE_TOKEN="another-token")
    assert returned == 1
    assert found[0]["detail"] == "The forge does not know FORGE_WRITE_TOKEN"
    assert "another-token" not in json.dumps(found)


def test_where_nothing_is_written_there_is_nothing_to_check() -> None:
    with played_forge() as drone:
        assert check(drone, FORGE_MCP_ACTIONS="dry-run") == (0, [])
