"""What every Coder does that the fleet server relies on, asked without changing anything.

By default the simulator is asked; with CODER_CONTRACT_URL and CODER_CONTRACT_TOKEN (of a user who may read some
workspaces) that server. What it has no example of is skipped.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from ci_mcp_http.sse import EventParser, ServerEvent
from coder_client import calls
from coder_client.models import Build, Workspace
from support.coder import READS, running_coder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REAL = os.environ.get("CODER_CONTRACT_URL", "")
NOWHERE = "00000000-0000-0000-0000-000000000007"
API = "/api/v2"


@pytest.fixture
async def coder() -> AsyncIterator[httpx.AsyncClient]:
    if REAL:
        headers = {"Coder-Session-Token": os.environ["CODER_CONTRACT_TOKEN"]}
        async with httpx.AsyncClient(base_url=REAL.rstrip("/"), headers=headers, timeout=60) as http:
            yield http
        return
    async with running_coder() as simulated:
        simulated.world.report(simulated.agent("cart"), "working", "At work")
        workspace = simulated.agent("blog")
        simulated.world.build(workspace, "stop", dict(workspace.latest.values), workspace.owner)
        await simulated.advance(30)
        async with httpx.AsyncClient(base_url=simulated.url, headers={"Coder-Session-Token": READS}) as http:
            yield http


async def read(coder: httpx.AsyncClient, path: str, **params: str) -> Any:
    answer = await coder.get(f"{API}{path}", params=params)
    assert answer.status_code == 200, (path, answer.status_code)
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    return answer.json()


async def workspaces(coder: httpx.AsyncClient) -> list[Any]:
    found = (await read(coder, "/workspaces"))["workspaces"]
    if not found:
        pytest.skip("this token sees no workspace")
    return list(found)


async def test_every_answer_names_the_version_and_the_limit_of_requests(coder: httpx.AsyncClient) -> None:
    for path in ("/workspaces?limit=1", f"/workspaces/{NOWHERE}", "/no-such-route"):
        headers = (await coder.get(API + path)).headers
        assert headers["x-coder-build-version"].startswith("v")
    assert int((await coder.get(f"{API}/templates")).headers["x-ratelimit-remaining"]) >= 0


async def test_a_missing_route_and_a_missing_thing_are_told_apart_by_their_words(coder: httpx.AsyncClient) -> None:
    route, thing = await coder.get(f"{API}/no-such-route"), await coder.get(f"{API}/workspaces/{NOWHERE}")
    assert (route.status_code, thing.status_code) == (404, 404)
    assert route.json()["message"] == "Route not found."
    assert thing.json()["message"] != "Route not found."


async def test_without_a_token_the_api_refuses_and_the_app_proxy_redirects(coder: httpx.AsyncClient) -> None:
    nobody = {"Coder-Session-Token": ""}
    assert (await coder.get(f"{API}/users/me", headers=nobody)).status_code == 401
    proxied = await coder.get("/@nobody/nothing.main/apps/ai/status", headers=nobody)
    assert proxied.status_code in {303, 307, 404}
    assert proxied.headers["content-type"].startswith("text/html")


async def test_the_list_counts_all_and_sends_as_many_as_are_asked_for(coder: httpx.AsyncClient) -> None:
    every = await read(coder, "/workspaces")
    one = await read(coder, "/workspaces", limit="1")
    past = await read(coder, "/workspaces", limit="10", offset="100000")
    assert one["count"] == past["count"] == every["count"] >= len(every["workspaces"])
    assert (len(one["workspaces"]), past["workspaces"]) == (min(1, every["count"]), [])


async def test_a_workspace_is_streamed_as_it_is_read(coder: httpx.AsyncClient) -> None:
    listed = (await workspaces(coder))[0]
    parser, events = EventParser(), list[ServerEvent]()
    async with coder.stream("GET", f"{API}/workspaces/{listed['id']}/watch") as answer:
        assert answer.headers["content-type"] == "text/event-stream"
        async for chunk in answer.aiter_bytes():
            events += parser.feed(chunk)
            if events:
                break
    assert events[0].name == "data"
    assert json.loads(events[0].data)["latest_build"]["id"] == listed["latest_build"]["id"]


async def test_a_workspace_is_the_same_by_its_id_and_by_its_name(coder: httpx.AsyncClient) -> None:
    listed = (await workspaces(coder))[0]
    by_id = await read(coder, f"/workspaces/{listed['id']}")
    by_name = await read(coder, f"/users/{listed['owner_name']}/workspace/{listed['name']}")
    assert by_id["id"] == by_name["id"] == listed["id"]
    assert Workspace.model_validate(by_id).name == calls.check_name(listed["name"])


async def test_builds_are_numbered_without_gaps_and_listed_newest_first(coder: httpx.AsyncClient) -> None:
    for listed in (await workspaces(coder))[:5]:
        builds = [Build.model_validate(one) for one in await read(coder, f"/workspaces/{listed['id']}/builds")]
        assert [one.build_number for one in builds] == list(range(len(builds), 0, -1))
        page = await read(coder, f"/workspaces/{listed['id']}/builds", limit="1", offset=str(len(builds) - 1))
        assert [one["build_number"] for one in page] == [1]


async def test_agents_are_shown_for_the_newest_build_alone_and_metadata_for_all(coder: httpx.AsyncClient) -> None:
    for listed in (await workspaces(coder))[:5]:
        builds = [Build.model_validate(one) for one in await read(coder, f"/workspaces/{listed['id']}/builds")]
        assert not any(one.agents for one in builds[1:])
        if listed["latest_build"]["job"]["status"] == "succeeded" and builds[0].metadata().get("project"):
            applied = [one for one in builds if one.job.status == "succeeded" and one.transition != "delete"]
            assert {one.metadata().get("project") for one in applied} == {builds[0].metadata()["project"]}


async def test_a_stopped_workspace_keeps_its_last_report_and_seems_healthy(coder: httpx.AsyncClient) -> None:
    stopped = [one for one in await workspaces(coder) if one["latest_build"]["status"] == "stopped"]
    if not stopped:
        pytest.skip("no workspace is stopped")
    assert all(one["health"]["healthy"] for one in stopped)
    assert all(not Workspace.model_validate(one).latest_build.agents for one in stopped)


async def test_the_parameters_of_a_template_are_those_of_its_active_version(coder: httpx.AsyncClient) -> None:
    templates = await read(coder, "/templates")
    if not templates:
        pytest.skip("this token sees no template")
    version = templates[0]["active_version_id"]
    parameters = await read(coder, f"/templateversions/{version}/rich-parameters")
    assert all({"name", "mutable", "options"} <= one.keys() for one in parameters)
    presets = await read(coder, f"/templateversions/{version}/presets")
    assert all({"ID", "Name", "Parameters"} <= one.keys() for one in presets or ())


async def test_an_evaluation_needs_the_id_of_the_owner(coder: httpx.AsyncClient) -> None:
    templates = await read(coder, "/templates")
    if not templates:
        pytest.skip("this token sees no template")
    path = f"{API}/templateversions/{templates[0]['active_version_id']}/dynamic-parameters/evaluate"
    answer = (await coder.post(path, json={"id": 1, "inputs": {}})).json()
    assert answer["parameters"] is None
    assert answer["diagnostics"][0]["extra"]["code"] == "owner_not_found"


async def test_the_app_proxy_takes_the_name_of_the_owner_and_answers_errors_with_pages(
    coder: httpx.AsyncClient,
) -> None:
    listed = (await workspaces(coder))[0]
    answer = await coder.get(f"/@me/{listed['name']}.main/apps/ai/status")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
