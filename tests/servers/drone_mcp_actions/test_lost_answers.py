"""Requests that were carried out, or not, and whose answer does not say so."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from support.actions_desk import Desk, Person
from support.patience import PATIENCE

# Drone's own words where it cannot deliver a webhook about the build that it has just stored.
WEBHOOK_DOWN = 'Post "http://hooks.internal:9000/drone?key=s3": dial tcp 10.1.2.3:9000: connect: connection refused'
CALLS: dict[str, dict[str, Any]] = {
    "drone_restart_build": {"repo": "octo/hello", "number": 1},
    "drone_stop_build": {"repo": "octo/hello", "number": 2},
    "drone_approve_build": {"repo": "octo/guarded", "number": 1, "stage": 1},
    "drone_decline_build": {"repo": "octo/guarded", "number": 1, "stage": 1},
}
TROUBLES: dict[str, tuple[bool, dict[str, Any]]] = {
    "500 afterwards": (True, {"kind": "status", "status": 500, "message": WEBHOOK_DOWN, "handled": True}),
    "503 afterwards": (True, {"kind": "status", "status": 503, "handled": True}),
    "504 afterwards": (True, {"kind": "status", "status": 504, "handled": True}),
    "500 before": (False, {"kind": "status", "status": 500, "message": "database is locked"}),
    "502 before": (False, {"kind": "status", "status": 502}),
    "no answer": (False, {"kind": "drop"}),
    "half an answer": (True, {"kind": "reset"}),
}


def break_writes(desk: Desk, trouble: dict[str, Any]) -> None:
    for method in ("POST", "DELETE"):
        desk.drone.break_with(**trouble, route=f"{method} /api/repos/*")


@pytest.mark.parametrize("name", TROUBLES)
@pytest.mark.parametrize("tool", CALLS)
async def test_what_may_have_happened_is_looked_for_and_never_sent_twice(at: Any, tool: str, name: str) -> None:
    happened, trouble = TROUBLES[name]
    if name == "half an answer" and tool in {"drone_approve_build", "drone_decline_build"}:
        pytest.skip("their answer has no body that could be halved")
    async with at(person=Person()) as desk:
        break_writes(desk, trouble)
        answer = await desk.call(tool, **CALLS[tool])
        again = await desk.call(tool, **CALLS[tool])
        assert len(desk.writes) == 1
        outcomes = [(line["event"], line["outcome"]) for line in desk.lines if line["event"] in {"outcome", "looked"}]
        text = answer.text + desk.audit.read_text(encoding="utf-8")
    assert outcomes == [("outcome", "unknown"), ("looked", "done" if happened else "unknown")]
    if happened:
        assert (answer.data["outcome"], again.data["outcome"]) == ("done", "repeated")
        assert "Drone did not answer as it should" in " ".join(answer.data["notes"])
    else:
        assert (answer.code, again.code, answer.data["retryable"]) == ("CONFLICT", "CONFLICT", False)
        assert "may have happened" in answer.data["next_step"]
    assert all(part not in text for part in ("hooks.internal", "10.1.2.3", ":9000", "key=s3"))


async def test_a_restart_that_was_answered_with_a_fault_is_answered_with_its_new_build(at: Any) -> None:
    async with at() as desk:
        break_writes(desk, TROUBLES["500 afterwards"][1])
        answer = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert (answer.data["new_build"], answer.data["status"]) == (4, "pending")
    assert answer.data["cursor"]


async def test_an_earlier_restart_of_the_same_build_is_not_taken_for_this_one(at: Any) -> None:
    async with at() as desk:
        await desk.call("drone_restart_build", repo="octo/hello", number=1)
        desk.clock[0] += 61
        break_writes(desk, TROUBLES["500 before"][1])
        answer = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert answer.code == "CONFLICT"


@pytest.mark.parametrize(
    ("status", "outcome"), [(404, "refused"), (403, "refused"), (400, "refused"), (501, "refused")]
)
async def test_a_refusal_is_on_record_as_one_and_may_be_corrected_at_once(at: Any, status: int, outcome: str) -> None:
    async with at() as desk:
        desk.drone.break_with("status", status=status, route="POST /api/repos/*", count=1)
        refused = await desk.call("drone_restart_build", repo="octo/hello", number=1)
        assert [line["outcome"] for line in desk.lines if line["event"] == "outcome"] == [outcome]
        assert desk.events[-1] == "outcome"
        again = await desk.call("drone_restart_build", repo="octo/hello", number=1)
    assert refused.failed
    assert again.data["outcome"] == "done"


async def test_what_never_left_is_on_record_as_that(at: Any) -> None:
    async with at(DRONE_WRITE_TOKEN="", DRONE_WRITE_TOKEN_FILE=__file__) as desk:
        answer = await desk.call("drone_restart_build", repo="octo/hello", number=1)
        assert desk.writes == []
        assert [line["outcome"] for line in desk.lines if line["event"] == "outcome"] == ["not_sent"]
    assert answer.code == "AUTH_FAILED"


async def test_a_call_that_is_cancelled_while_drone_works_on_it_is_on_record_as_that(at: Any) -> None:
    async with at() as desk:
        take = desk.drone.world.faults.take
        with anyio.CancelScope() as scope:

            def end(method: str, path: str) -> Any:
                if method == "POST":
                    scope.cancel()
                return take(method, path)

            desk.drone.world.faults.take = end
            desk.drone.break_with("delay", seconds=60, route="POST /api/repos/*")
            await desk.call("drone_restart_build", repo="octo/hello", number=1)
        with anyio.fail_after(PATIENCE):
            while desk.events[-1] != "outcome":  # noqa: ASYNC110 - the server's task has to run
                await anyio.sleep(0.01)
    assert desk.lines[-1]["outcome"] == "cancelled"
