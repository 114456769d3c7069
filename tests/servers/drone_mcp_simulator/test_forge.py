"""The forge that the simulator serves next to Drone has the repositories, commits and builds of the scenario."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from ci_mcp_simulator.scenarios import ScenarioError
from forge_client.errors import RepositoryRenamed
from forge_client.gitea.client import GiteaForge
from forge_client.models.code import Entry
from forge_client.options import ForgeOptions
from forge_client.requests import IssueFilter, PullFilter
from support.simulator import running_simulator

if TYPE_CHECKING:
    from pathlib import Path

    from support.simulator import SimulatorHandle

TOKEN = "forge-token-of-the-bot"
SLUG, HEAD = "octo/hello", "0abbfeb5bdcb92c1f461c276b3f1933835488f68"


def forge_of(drone: SimulatorHandle, token: str = TOKEN) -> GiteaForge:
    return GiteaForge(ForgeOptions(server=f"{drone.url}/forge", token=token), network=drone.transport)


async def test_a_pull_request_has_the_commit_of_its_build_and_the_status_that_drone_set() -> None:
    async with running_simulator("forge") as drone, forge_of(drone) as forge:
        (pull,) = (await forge.pulls(SLUG, PullFilter())).items
        checks = await forge.checks(SLUG, pull.head.sha)
        builds = (await drone.client().get("/api/repos/octo/hello/builds")).json()
    assert (pull.number, pull.head.ref, pull.head.sha) == (12, "feature/multiply", HEAD)
    assert [build["number"] for build in builds if build["after"] == HEAD] == [3, 2]
    linked = {check.context: check.target_url for check in checks.statuses}
    assert linked == {
        "continuous-integration/drone/push": f"{drone.url}/octo/hello/2",
        "continuous-integration/drone/pr": f"{drone.url}/octo/hello/3",
    }
    assert checks.outcome == "failing"


async def test_the_code_of_a_build_is_that_of_its_commit() -> None:
    async with running_simulator("forge") as drone, forge_of(drone) as forge:
        now = await forge.file(SLUG, "src/main.py", HEAD)
        before = await forge.file(SLUG, "src/main.py")
        folder = await forge.folder(SLUG, "assets", "main")
        pointer = await forge.file(SLUG, "assets/film.mp4")
        diff = await forge.pull_diff(SLUG, 12)
    assert b"mul" in now.content
    assert b"mul" not in before.content
    assert not isinstance(folder, Entry)
    assert [entry.path for entry in folder] == ["assets/film.mp4", "assets/logo.png"]
    assert pointer.lfs_pointer is not None
    assert "+def mul(a, b):\n+    return a + b\n" in diff


async def test_the_issues_of_the_scenario_are_there_and_pull_requests_are_not_among_them() -> None:
    async with running_simulator("forge") as drone, forge_of(drone) as forge:
        issues = (await forge.issues(SLUG, IssueFilter(state="all"))).items
    assert {issue.title for issue in issues} == {"Build fails on arm64", "Divide, too", "Already done"}


async def test_a_repository_that_was_renamed_at_the_forge_keeps_its_name_in_drone() -> None:
    async with running_simulator("forge") as drone, forge_of(drone) as forge:
        known = await drone.client().get("/api/repos/octo/oldname")
        with pytest.raises(RepositoryRenamed) as renamed:
            await forge.repository("octo/oldname")
    assert known.status_code == httpx.codes.OK
    assert renamed.value.new_name == "octo/newname"


async def test_a_token_tells_its_scopes_and_is_held_to_them() -> None:
    async with running_simulator("forge") as drone, forge_of(drone, "forge-token-for-issues") as forge:
        facts = await forge.token()
    assert facts is not None
    assert facts.find_missing("read:issue", "read:repository") == ("read:repository",)


async def test_a_pull_request_of_a_branch_that_nobody_pushed_is_a_mistake_in_the_scenario(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    pull = "{number: 1, head: nowhere, title: x, author: admin}"
    file.write_text(
        "users: [{login: admin, admin: true}]\n"
        f"repos: [{{slug: octo/hello, permissions: {{admin: admin}}, forge: {{pulls: [{pull}]}}}}]\n"
    )
    with pytest.raises(ScenarioError, match="nobody has pushed 'nowhere'"):
        async with running_simulator(file):
            pass
