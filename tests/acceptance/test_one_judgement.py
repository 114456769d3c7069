"""Three servers asked of one build give one answer, where the repository's time limit ended it."""

from __future__ import annotations

from typing import Any

import pytest
import respx
from mcp import Client

from support.installed import make_server
from support.made_builds import T0, made_build, made_repo, made_stage, made_step

ENVIRONMENT = {"DRONE_SERVER": "https://drone.example.com", "DRONE_TOKEN": "a-token-of-the-tests"}
REPO = "/api/repos/octo/hello"
LIMIT = 60  # minutes


async def ask(server: str, tool: str, step: dict[str, Any]) -> dict[str, Any]:
    """Ask a server about a build of 61 minutes that was killed in a step."""
    times = {"started": T0, "stopped": T0 + 61 * 60}
    build = made_build(8, "killed", made_stage(1, "ci", "killed", step, **times), finished=times["stopped"])
    with respx.mock(base_url=ENVIRONMENT["DRONE_SERVER"], assert_all_called=False) as drone:
        drone.get(REPO).respond(json=made_repo("octo/hello", timeout=LIMIT))
        drone.get(f"{REPO}/builds").respond(json=[build])
        drone.get(f"{REPO}/builds/8").respond(json=build)
        drone.get(f"{REPO}/builds/8/logs/1/1").respond(json=[{"pos": 0, "out": "+ make", "time": 0}])
        async with Client(make_server(server, ENVIRONMENT)) as client:
            result = await client.call_tool(tool, {"repo": "octo/hello", "number": 8})
    assert not result.is_error, result.content
    return dict(result.structured_content or {})


@pytest.mark.parametrize(
    ("exit_code", "kind", "why"),
    [
        (137, "timeout", "ts stage ran 3660 s, and the repository's limit is 3600 s"),
        (130, "cancelled", "rone cancelled it: a person did, or a newer build replaced it"),
    ],
)
async def test_a_killed_build_is_judged_alike(exit_code: int, kind: str, why: str) -> None:
    step = made_step(1, "test", "killed", exit_code=exit_code)
    build = await ask("builds", "drone_get_build", step)
    diagnosis = await ask("logs", "drone_diagnose_build", step)
    decision = await ask("policy", "drone_evaluate_build", step)
    assert build["headline"].endswith(why)
    assert (diagnosis["kind"], diagnosis["failures"][0]["evidence"][0].endswith(why)) == (kind, True)
    assert decision["failure_class"] == kind
