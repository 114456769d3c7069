"""A list of tools has those alone that the token of the server can use: over HTTP at once, else once that is known."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import anyio.from_thread
import pytest

from support.client_pipes import ENVELOPE, HANDSHAKE, ServerProcess, warm_server_process
from support.http_process import serving
from support.issues_desk import SCENARIO, SLUG
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.simulator import SimulatorHandle

ISSUES = ("-m", "forge_issues")
OF_ISSUES = {"drone_list_issues", "drone_get_issue"}
OF_CODE = {"drone_list_pull_requests", "drone_get_pull_request", "drone_get_pull_request_diff"}
CALL = {"name": "drone_list_pull_requests", "arguments": {"repo": SLUG}}
CHANGED = "notifications/tools/list_changed"
LISTEN = {**ENVELOPE, "notifications": {"toolsListChanged": True}}


@contextmanager
def played_forge() -> Iterator[SimulatorHandle]:
    """Serve Drone and its forge from another thread."""
    with (
        anyio.from_thread.start_blocking_portal() as portal,
        portal.wrap_async_context_manager(running_simulator(SCENARIO, socket=True)) as drone,
    ):
        yield drone


def environment(drone: SimulatorHandle, **env: str) -> dict[str, str]:
    tools = ",".join(sorted(OF_ISSUES | OF_CODE))
    forge = {"FORGE_SERVER": f"{drone.url}/forge", "FORGE_TOKEN": "forge-token-for-code", "DRONE_MCP_TOOLS": tools}
    return {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token("dev"), **forge, **env}


def names(result: dict[str, Any]) -> set[str]:
    return {tool["name"] for tool in result["tools"]}


def receive(process: ServerProcess, count: int) -> list[str]:
    """Return what came in so many messages: the method of a notification, or the id of an answer."""
    messages = [process.receive() for _ in range(count)]
    return sorted(str(message.get("method", message.get("id"))) for message in messages)


def test_a_client_is_told_that_the_list_of_the_front_has_changed_and_then_gets_what_the_token_can_use() -> None:
    with played_forge() as drone, warm_server_process(*ISSUES, **environment(drone)) as process:
        shaken = process.ask(1, "initialize", HANDSHAKE)
        process.send(method="notifications/initialized")
        assert names(process.ask(2, "tools/list")) == OF_ISSUES | OF_CODE
        process.send(id=3, method="tools/call", params=CALL)
        assert receive(process, 2) == ["3", CHANGED]
        assert names(process.ask(4, "tools/list")) == OF_CODE
    assert shaken["capabilities"]["tools"] == {"listChanged": True}


def test_a_client_of_the_modern_era_is_told_on_its_subscription() -> None:
    with played_forge() as drone, warm_server_process(*ISSUES, **environment(drone)) as process:
        process.ask(1, "server/discover", ENVELOPE)
        process.send(id="a", method="subscriptions/listen", params=LISTEN)
        assert receive(process, 1) == ["notifications/subscriptions/acknowledged"]
        assert names(process.ask(2, "tools/list", ENVELOPE)) == OF_ISSUES | OF_CODE
        process.send(id=3, method="tools/call", params={**CALL, **ENVELOPE})
        assert receive(process, 2) == ["3", CHANGED]
        listed = process.ask(4, "tools/list", ENVELOPE)
    assert names(listed) == OF_CODE
    assert listed["ttlMs"] == 60_000


@pytest.mark.parametrize("lists", [True, False])
def test_a_client_whose_list_is_right_or_that_has_none_is_told_nothing(*, lists: bool) -> None:
    token = "forge-token-of-a-reader" if lists else "forge-token-for-code"
    with played_forge() as drone, warm_server_process(*ISSUES, **environment(drone, FORGE_TOKEN=token)) as process:
        process.shake_hands()
        if lists:
            assert names(process.ask(2, "tools/list")) == OF_ISSUES | OF_CODE
        process.ask(3, "tools/call", CALL)
        assert names(process.ask(4, "tools/list")) == (OF_ISSUES if lists else set()) | OF_CODE
        process.stdin.close()
        assert process.stdout.read() == b""


def test_over_http_the_list_is_exact_at_once() -> None:
    with played_forge() as drone, serving("forge_issues", "--http", "127.0.0.1:0", **environment(drone)) as process:
        assert names(process.ask(accept="application/json").json()["result"]) == OF_CODE
