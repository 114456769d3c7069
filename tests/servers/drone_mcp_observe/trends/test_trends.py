"""How builds became slower and failed more often, on the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.token_count import count_tokens

if TYPE_CHECKING:
    from pathlib import Path

WORLD = """\
name: trends
runner: {name: runner-1, pickup: 1s}
users:
  - {login: admin, token: admin-token, admin: true}
repos:
  - slug: octo/hello
    permissions: {admin: admin}
    branches:
      main: {message: Change, author: ada, pipeline: fast}
      steady: {message: Change, author: ada, pipeline: fast}
  - slug: octo/calm
    permissions: {admin: admin}
    branches:
      main: {message: Change, author: ada, pipeline: fast}
pipelines:
  fast:
    - name: ci
      steps: [{name: lint, duration: 10s}, {name: test, duration: 60s}]
  slow:
    - name: ci
      steps: [{name: lint, duration: 10s}, {name: test, duration: 300s}]
  broken:
    - name: ci
      steps: [{name: lint, duration: 10s}, {name: test, duration: 300s, exit_code: 1}]
builds:
"""


@pytest.fixture
def world(tmp_path: Path) -> Path:
    """Write a scenario: main was fast for a week, and then slow and broken; the others stayed as they were."""
    early, late = range(13 * 24, 8 * 24, -24), range(6 * 24, 12, -24)
    rows = [(hours, "octo/hello", "main", "fast") for hours in early]
    rows += [(hours, "octo/hello", "main", "broken" if hours > 36 else "slow") for hours in late]
    rows += [(hours - 1, "octo/hello", "steady", "fast") for hours in (*early, *late)]
    rows += [(hours - 2, "octo/calm", "main", "fast") for hours in (*early, *late)]
    builds = [
        f"  - {{at: -{hours}h, repo: {repo}, branch: {branch}, pipeline: {pipeline}}}\n"
        for hours, repo, branch, pipeline in sorted(rows, reverse=True)
    ]
    path = tmp_path / "trends.yaml"
    path.write_text(WORLD + "".join(builds), encoding="utf-8")
    return path


async def test_the_branch_that_became_slower_and_red_comes_first(watch: Any, world: Path) -> None:
    async with watch(scenario=world) as lookout:
        answer = await lookout.call("drone_get_trends", repo="octo/hello")
        assert len(lookout.drone.asked) == 1  # a page of builds says all that is needed of branches
    main, steady = answer.data["items"]
    assert (main["name"], main["builds"]) == ("main", 11)
    assert main["worse"].startswith("median 7")
    assert "failures 0% to 83%" in main["worse"]
    assert main["failed"] == pytest.approx(100 * 5 / 11, abs=0.1)
    drawn = main["durations"].strip("·")
    assert (drawn[0], drawn[-1]) == ("▁", "█")
    assert (steady["name"], steady["failed"]) == ("steady", 0.0)
    assert "worse" not in steady


async def test_the_step_that_became_slower_is_found_among_the_steps(watch: Any, world: Path) -> None:
    async with watch(scenario=world) as lookout:
        answer = await lookout.call("drone_get_trends", repo="octo/hello", by="step")
        assert len(lookout.drone.asked) == 1 + 22  # the list, and each build for its steps
    first = answer.data["items"][0]
    assert (first["name"], first["median"]) == ("ci/test", 60.0)
    assert "failures 0% to" in first["worse"]
    assert "worse" not in next(one for one in answer.data["items"] if one["name"] == "ci/lint")


async def test_repositories_are_compared_with_each_other(watch: Any, world: Path) -> None:
    async with watch(scenario=world) as lookout:
        answer = await lookout.call("drone_get_trends", by="repo")
    assert [(one["name"], one["builds"]) for one in answer.data["items"]] == [("octo/hello", 22), ("octo/calm", 11)]
    assert "repo" not in answer.data


async def test_fewer_days_leave_older_builds_out(watch: Any, world: Path) -> None:
    async with watch(scenario=world) as lookout:
        answer = await lookout.call("drone_get_trends", repo="octo/hello", days=3)
    assert answer.data["builds"] == 6
    assert [one["builds"] for one in answer.data["items"]] == [3, 3]


async def test_stages_are_read_only_as_far_as_the_budget_of_requests_lasts(watch: Any, tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    rows = [f"  - {{at: -{3 * number}h, repo: octo/hello, pipeline: fast}}\n" for number in range(90, 0, -1)]
    path.write_text(WORLD + "".join(rows), encoding="utf-8")
    async with watch(scenario=path) as lookout:
        answer = await lookout.call("drone_get_trends", repo="octo/hello", by="stage")
        assert len(lookout.drone.asked) == 60
    assert answer.data["builds"] == 59
    assert answer.data["left_out"] == "31 builds not read with stages: the limit of requests is reached"


async def test_a_store_that_knows_the_builds_answers_without_asking_drone_for_them(
    watch: Any, world: Path, tmp_path: Path
) -> None:
    state = f"sqlite:///{tmp_path / 'state.db'}"
    async with watch(scenario=world, DRONE_MCP_STATE=state) as lookout:
        first = await lookout.call("drone_get_trends", repo="octo/hello", by="stage")
        lookout.drone.forget()
        second = await lookout.call("drone_get_trends", repo="octo/hello", by="stage")
        assert [asked.path for asked in lookout.drone.asked] == []
    assert second.data == first.data


async def test_many_long_names_fit_the_budget(watch: Any, world: Path) -> None:
    async with watch(scenario=world) as lookout:
        for build in lookout.drone.world.builds.values():
            build.target = f"feature/{build.number}-" + "very-long-" * 50
        answer = await lookout.call("drone_get_trends", repo="octo/hello")
    assert len(answer.data["items"]) == 10
    assert answer.data["left_out"] == "12 more names: give a higher limit"
    assert count_tokens(answer.text) <= 2_000
