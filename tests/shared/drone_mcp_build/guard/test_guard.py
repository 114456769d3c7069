"""The gate: nothing leaves but what was decided, confirmed, counted and written down."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx

from ci_mcp_kit.guard.errors import AuditUnavailable, NotConfirmed, WritesDisabled
from ci_mcp_kit.guard.guard import Guard
from ci_mcp_kit.guard.guard_notes import GuardNotes
from ci_mcp_kit.guard.rate import Rate
from ci_mcp_kit.guard.settings import GuardSettings
from ci_mcp_kit.notes.memory import MemoryNotes
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.variables import Secret
from drone_mcp_build.access import DroneAccess
from drone_mcp_build.guard.action import OPERATIONS, BuildAction
from drone_mcp_build.guard.opening import connect_writer
from drone_mcp_build.guard.rules import BuildRules
from drone_mcp_build.guard.settings import ActionSettings
from drone_mcp_client import calls
from drone_mcp_client.errors import PermissionDenied, RateLimited, ServiceError
from drone_mcp_client.models import Build

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ci_mcp_kit.guard.protocols import Gate
    from drone_mcp_client.client import DroneClient

SERVER = "http://drone.test"
BUILD = {"number": 7, "status": "failure", "target": "main"}


@pytest.fixture
def drone() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=SERVER, assert_all_called=False) as router:
        router.post("/api/repos/octo/hello/builds/7").respond(json={"number": 8, "status": "pending"})
        router.delete("/api/repos/octo/hello/builds/7").respond(json={"number": 7, "status": "killed"})
        yield router


def guard_of(audit: Path | str, *, repos: tuple[str, ...] = (), **rules: Any) -> Guard:
    some = BuildRules(**{"mode": "on", "repos": ("octo/*",), **rules})
    guarded = GuardSettings(rules=some, write_token=Secret("writes"), audit=str(audit))
    return Guard(guarded, Cleaner(), GuardNotes(MemoryNotes()), lambda gate: writer(gate, repos))


def writer(gate: Gate, repos: tuple[str, ...] = ()) -> DroneClient:
    """The client that may write, as the actions server makes it."""
    settings = ActionSettings(
        server=SERVER, repos=repos, guard=GuardSettings(rules=BuildRules(), write_token=Secret("writes"))
    )
    return connect_writer(settings, DroneAccess(settings), gate)


def action(operation: str = "restart") -> BuildAction:
    return BuildAction(operation=OPERATIONS[operation], repo="octo/hello", build=Build(**BUILD))


def events(audit: Path) -> list[str]:
    return [json.loads(line)["event"] for line in audit.read_text(encoding="utf-8").splitlines()]


async def test_a_line_is_kept_before_the_request_leaves_and_another_after(
    tmp_path: Path, drone: respx.MockRouter
) -> None:
    guard, seen = guard_of(tmp_path / "a"), []

    def restart(_: httpx.Request) -> httpx.Response:
        seen.append(events(tmp_path / "a"))
        return httpx.Response(200, json=BUILD)

    drone.post("/api/repos/octo/hello/builds/7").mock(side_effect=restart)
    await guard.send(await guard.begin(action(), ""), calls.restart_build("octo/hello", 7))
    await guard.close()
    assert seen == [["attempt"]]
    assert events(tmp_path / "a") == ["attempt", "outcome"]
    assert drone.calls.last.request.headers["authorization"] == "Bearer writes"


async def test_what_drone_refuses_is_written_down_too(tmp_path: Path, drone: respx.MockRouter) -> None:
    guard = guard_of(tmp_path / "a")
    drone.post("/api/repos/octo/hello/builds/7").respond(404, json={"message": "Not Found"})
    warrant = await guard.begin(action(), "")
    with pytest.raises(ServiceError):
        await guard.send(warrant, calls.restart_build("octo/hello", 7))
    assert [json.loads((tmp_path / "a").read_text().splitlines()[1])[key] for key in ("outcome", "code")] == [
        "refused",
        "NOT_FOUND",
    ]


async def test_the_writing_client_lets_nothing_out_without_a_permit(tmp_path: Path, drone: respx.MockRouter) -> None:
    client: DroneClient = writer(guard_of(tmp_path / "a").gate)
    for attempt in (
        client.restart_build("octo/hello", 7),
        client.cancel_build("octo/hello", 7),
        client.promote("octo/hello", 7, "production"),
        client.pause_queue(),
        client.update_repo("octo/hello", {"protected": False}),
        client.build("octo/hello", 7),
    ):
        with pytest.raises(PermissionDenied, match="only as part of a guarded action"):
            await attempt
    assert not drone.calls


async def test_a_warrant_is_for_its_own_call(tmp_path: Path, drone: respx.MockRouter) -> None:
    guard = guard_of(tmp_path / "a")
    warrant = await guard.begin(action(), "")
    others: tuple[Any, ...] = (
        calls.restart_build("octo/hello", 8),
        calls.restart_build("octo/other", 7),
        calls.cancel_build("octo/hello", 7),
        calls.promote("octo/hello", 7, "production"),
    )
    for other in others:
        with pytest.raises(PermissionDenied):
            await guard.send(warrant, other)
    assert not drone.calls
    assert guard._permits == []


async def test_an_action_that_must_be_confirmed_has_no_warrant_without_it(tmp_path: Path) -> None:
    with pytest.raises(NotConfirmed):
        await guard_of(tmp_path / "a").begin(action("stop"), "")


@pytest.mark.parametrize("mode", ["off", "dry-run"])
async def test_in_no_other_mode_is_there_a_warrant(tmp_path: Path, mode: str) -> None:
    with pytest.raises(WritesDisabled):
        await guard_of(tmp_path / "a", mode=mode).begin(action(), "")


async def test_the_scope_of_reading_holds_for_writing_too(tmp_path: Path, drone: respx.MockRouter) -> None:
    guard = guard_of(tmp_path / "a", repos=("acme/*",))
    with pytest.raises(PermissionDenied, match="outside the repositories"):
        await guard.send(await guard.begin(action(), ""), calls.restart_build("octo/hello", 7))
    assert not drone.calls


async def test_without_an_audit_line_nothing_leaves(tmp_path: Path, drone: respx.MockRouter) -> None:
    guard = guard_of(tmp_path / "no" / "folder")
    warrant = await guard.begin(action(), "")
    with pytest.raises(AuditUnavailable):
        await guard.send(warrant, calls.restart_build("octo/hello", 7))
    assert not drone.calls
    assert guard._permits == []


async def test_the_rate_is_counted_by_repository(tmp_path: Path) -> None:
    guard = guard_of(tmp_path / "a", rate=Rate(2, 3600))
    other = BuildAction(operation=OPERATIONS["restart"], repo="octo/other", build=Build(**BUILD))
    for _ in range(2):
        await guard.begin(action(), "")
    with pytest.raises(RateLimited) as caught:
        await guard.begin(action(), "")
    await guard.begin(other, "")
    assert caught.value.details["rule"] == "rate"
    assert events(tmp_path / "a") == ["refused"]


async def test_a_write_is_never_repeated_by_itself(tmp_path: Path, drone: respx.MockRouter) -> None:
    guard = guard_of(tmp_path / "a")
    route = drone.delete("/api/repos/octo/hello/builds/7").respond(503)
    warrant = await guard.begin(action("stop"), "person")
    with pytest.raises(ServiceError):
        await guard.send(warrant, calls.cancel_build("octo/hello", 7))
    assert route.call_count == 1
