"""Deployments are read: the running ones, their history, and one deployment."""

from __future__ import annotations

from typing import Any

import pytest

from servers.drone_mcp_deploy.conftest import deploy


async def test_each_target_has_its_build_and_whether_a_newer_one_is_green(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_list_deployments", repo="octo/hello")
        assert len(desk.drone.asked) == 2  # Drone's index of deployments, and its newest builds
    production, staging = answer.data["targets"]
    assert (production["target"], production["number"], production["source"]) == ("production", 7, 1)
    assert (staging["target"], staging["number"], staging["source"]) == ("staging", 8, 2)
    assert (staging["status"], staging["by"], staging["branch"]) == ("success", "admin", "main")
    assert (production["newer"], staging["newer"]) == (3, 3)  # 4 failed, and 5 is of another branch
    assert "runs" not in staging


async def test_a_target_whose_newest_deployment_is_under_way_names_what_runs_meanwhile(at: Any) -> None:
    async with at() as desk:
        await deploy(desk.drone, "promote", 3, "staging", seconds=5)
        answer = await desk.call("drone_list_deployments", repo="octo/hello")
    staging = answer.data["targets"][1]
    assert (staging["number"], staging["status"], staging["runs"]) == (9, "running", 8)
    assert "newer" not in staging


async def test_the_history_of_a_target_is_newest_first(at: Any) -> None:
    async with at() as desk:
        answer = await desk.call("drone_get_deploy_history", repo="octo/hello", target="staging")
        short = await desk.call("drone_get_deploy_history", repo="octo/hello", target="staging", limit=1)
    assert [(one["number"], one["source"]) for one in answer.data["deployments"]] == [(8, 2), (6, 1)]
    assert answer.data["looked_through"] == 8
    assert short.data["note"] == "1 older ones are left out"


async def test_a_deployment_shows_its_parameters_but_no_secret(at: Any) -> None:
    async with at() as desk:
        desk.build("octo/hello", 8).params = {"DEPLOY_ENV": "blue", "API_TOKEN": "hunter2"}
        answer = await desk.call("drone_get_deployment", repo="octo/hello", number=8)
    assert "DEPLOY_ENV = blue" in answer.data["params"]
    assert answer.data["stages"] == {"build": "success"}
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(("number", "code"), [(1, "NOT_FOUND"), (99, "NOT_FOUND")])
async def test_what_is_no_deployment_is_reported_as_that(at: Any, number: int, code: str) -> None:
    async with at() as desk:
        answer = await desk.call("drone_get_deployment", repo="octo/hello", number=number)
    assert answer.code == code
