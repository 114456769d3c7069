"""What every Jenkins does that the client relies on, asked without changing anything.

By default the simulator is asked; with JENKINS_CONTRACT_SERVER, JENKINS_CONTRACT_USER and JENKINS_CONTRACT_TOKEN (an
API token of that user, who may read some jobs) that server. What it has no example of is skipped.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest

from support.jenkins import running_jenkins

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

REAL = os.environ.get("JENKINS_CONTRACT_SERVER", "")
MOST_FOLDERS = 30  # that are looked through for an example
JOB = "_class,name,fullName,buildable,jobs[name]{0,1},lastCompletedBuild[number]"
LENGTH = "x-text-size"
SCENARIO: dict[str, Any] = {
    "jobs": {
        "team": {
            "kind": "folder",
            "jobs": {"app": {"builds": [{"log": "one\ntwo", "artifacts": {"out/a b.txt": "text"}}]}},
        },
        "docs": {"kind": "pipeline", "builds": [{"stages": [{"name": "Build", "log": "built"}]}]},
        "new": {},
    }
}


@pytest.fixture
async def jenkins() -> AsyncIterator[httpx.AsyncClient]:
    if REAL:
        login = (os.environ["JENKINS_CONTRACT_USER"], os.environ["JENKINS_CONTRACT_TOKEN"])
        async with httpx.AsyncClient(base_url=REAL.rstrip("/"), auth=login, timeout=60) as http:
            yield http
        return
    async with running_jenkins(SCENARIO) as simulated:
        login = ("dev", simulated.world.users["dev"].token)
        async with httpx.AsyncClient(base_url=simulated.url, auth=login) as http:
            yield http


def path_of(full_name: str) -> str:
    return "".join(f"/job/{quote(part, safe='')}" for part in full_name.split("/") if part)


async def read(jenkins: httpx.AsyncClient, path: str, tree: str) -> Any:
    answer = await jenkins.get(f"{path}/api/json", params={"tree": tree})
    assert answer.status_code == 200, (path, answer.status_code)
    assert answer.headers["content-type"].replace(" ", "").lower() == "application/json;charset=utf-8"
    assert answer.headers["x-jenkins"]
    return answer.json()


async def jobs(jenkins: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return jobs and folders, as many as are in some folders from the top on."""
    found: list[dict[str, Any]] = []
    left = [""]
    for _ in range(MOST_FOLDERS):
        if not left:
            break
        inside = (await read(jenkins, path_of(left.pop(0)), f"jobs[{JOB}]{{0,50}}"))["jobs"]
        found += inside
        left += [job["fullName"] for job in inside if "jobs" in job]
    return found


async def a_job(jenkins: httpx.AsyncClient) -> dict[str, Any]:
    for job in await jobs(jenkins):
        if "jobs" not in job and "buildable" in job:
            return job
    pytest.skip("the user sees no job")


async def a_build(jenkins: httpx.AsyncClient) -> str:
    """Return the path of a completed build."""
    for job in await jobs(jenkins):
        if job.get("lastCompletedBuild"):
            return f"{path_of(job['fullName'])}/{job['lastCompletedBuild']['number']}"
    pytest.skip("no job has a completed build")


def has_parts(answer: httpx.Response) -> bool:
    return answer.headers["content-type"].startswith("multipart/form-data")


async def test_the_user_is_known_by_a_basic_header_and_not_by_a_bearer_token(jenkins: httpx.AsyncClient) -> None:
    known = (await jenkins.get("/whoAmI/api/json")).json()
    bearer = await jenkins.get("/whoAmI/api/json", auth=httpx.Auth(), headers={"authorization": "Bearer wrong"})

    assert (known["authenticated"], known["anonymous"]) == (True, False)
    assert bearer.status_code == 200
    assert bearer.json()["anonymous"] is True


async def test_a_wrong_token_is_refused_whatever_everybody_may_see(jenkins: httpx.AsyncClient) -> None:
    answer = await jenkins.get("/api/json", auth=("surely-nobody", "wrong"))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic")


async def test_only_a_folder_answers_with_jobs(jenkins: httpx.AsyncClient) -> None:
    job = await a_job(jenkins)

    assert "jobs" in await read(jenkins, "", "jobs[name]{0,1}")
    assert "jobs" not in await read(jenkins, path_of(job["fullName"]), "jobs[name]{0,1},name")


async def test_ranges_are_half_open_and_end_at_the_end(jenkins: httpx.AsyncClient) -> None:
    names = [job["name"] for job in (await read(jenkins, "", "jobs[name]{0,5}"))["jobs"]]

    assert [job["name"] for job in (await read(jenkins, "", "jobs[name]{1,3}"))["jobs"]] == names[1:3]
    assert (await read(jenkins, "", "jobs[name]{100000,100001}"))["jobs"] == []


async def test_a_name_that_a_class_does_not_export_is_left_out(jenkins: httpx.AsyncClient) -> None:
    job = await a_job(jenkins)

    assert (await read(jenkins, path_of(job["fullName"]), "name,surelyMissing")).keys() - {"_class"} == {"name"}


async def test_a_tree_may_be_sent_as_a_form_and_needs_no_crumb(jenkins: httpx.AsyncClient) -> None:
    answer = await jenkins.post("/api/json", data={"tree": "jobs[name]{0,1}"})

    assert answer.status_code == 200
    assert "jobs" in answer.json()


@pytest.mark.parametrize("path", ["/job/surely-missing/api/json", "/job/surely%252Fmissing/api/json", "/nosuch/page"])
async def test_what_is_missing_is_a_page_with_404(jenkins: httpx.AsyncClient, path: str) -> None:
    answer = await jenkins.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")


async def test_a_missing_build_is_the_same_as_a_permalink_without_one(jenkins: httpx.AsyncClient) -> None:
    path = path_of((await a_job(jenkins))["fullName"])

    for build in ("99999999", "lastSurelyMissingBuild"):
        assert (await jenkins.get(f"{path}/{build}/api/json")).status_code == 404


async def test_a_completed_build_has_a_result_and_times_in_milliseconds(jenkins: httpx.AsyncClient) -> None:
    tree = "number,result,building,inProgress,timestamp,duration,executor[number],actions[causes[shortDescription]]"
    build = await read(jenkins, await a_build(jenkins), tree)

    assert build["result"] in {"SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED"}
    assert (build["building"], build["inProgress"], build["executor"]) == (False, False, None)
    assert build["timestamp"] > 10**12
    assert build["duration"] >= 0


async def test_an_answer_says_what_time_it_is(jenkins: httpx.AsyncClient) -> None:
    assert (await jenkins.get("/api/json", params={"tree": "mode"})).headers["date"].endswith("GMT")


async def test_the_plain_log_names_its_stored_length_and_has_long_line_ends(jenkins: httpx.AsyncClient) -> None:
    path = f"{await a_build(jenkins)}/logText/progressiveText"
    whole = await jenkins.get(path, params={"start": 0}, headers={"accept": "text/plain"})

    assert whole.headers["content-type"].startswith("text/plain")
    assert "x-more-data" not in whole.headers
    assert len(re.findall(rb"(?<!\r)\n", whole.content)) == 0
    assert (await jenkins.head(path)).headers[LENGTH] == whole.headers[LENGTH]


async def test_a_start_beyond_the_end_silently_begins_at_the_beginning(jenkins: httpx.AsyncClient) -> None:
    path, plain = f"{await a_build(jenkins)}/logText/progressiveText", {"accept": "text/plain"}
    whole = await jenkins.get(path, params={"start": 0}, headers=plain)

    beyond = await jenkins.get(path, params={"start": int(whole.headers[LENGTH]) + 1000}, headers=plain)

    assert beyond.content == whole.content


async def test_the_end_of_a_log_comes_in_parts_where_jenkins_knows_them(jenkins: httpx.AsyncClient) -> None:
    path = f"{await a_build(jenkins)}/logText/progressiveText"
    answer = await jenkins.get(path, params={"start": -200}, headers={"accept": "multipart/form-data"})
    if not has_parts(answer):
        pytest.skip("Jenkins before 2.534")

    assert re.search(rb'name="?text\b', answer.content)
    assert re.search(rb'"completed":\s*true', answer.content)
    assert b"\x1b[8mha:" not in answer.content


async def test_the_parts_of_a_build_that_a_plugin_adds_are_missing_or_json(jenkins: httpx.AsyncClient) -> None:
    path = await a_build(jenkins)

    for route in ("/wfapi/describe", "/testReport/api/json?tree=failCount"):
        answer = await jenkins.get(f"{path}{route}")
        assert answer.status_code in {200, 404}
        assert answer.status_code == 404 or answer.headers["content-type"].lower().startswith("application/json")


async def test_an_artifact_has_its_size_and_is_sent_in_ranges(jenkins: httpx.AsyncClient) -> None:
    tree = "lastCompletedBuild[number,artifacts[relativePath]{0,1}]"
    for job in await jobs(jenkins):
        build = (
            job.get("lastCompletedBuild")
            and (await read(jenkins, path_of(job["fullName"]), tree))["lastCompletedBuild"]
        )
        if build and build["artifacts"]:
            parts = build["artifacts"][0]["relativePath"].split("/")
            break
    else:
        pytest.skip("no last build has an artifact")
    path = f"{path_of(job['fullName'])}/{build['number']}/artifact/{'/'.join(quote(part, safe='') for part in parts)}"
    head = await jenkins.head(path, headers={"accept-encoding": "identity"})
    if head.is_redirect:
        pytest.skip("artifacts are in a store on another host")

    part = await jenkins.get(path, headers={"range": "bytes=0-3", "accept-encoding": "identity"})

    assert part.status_code == 206
    assert (
        part.headers["content-range"]
        == f"bytes 0-{min(4, int(head.headers['content-length'])) - 1}/" + (head.headers["content-length"])
    )


async def test_the_queue_and_the_machines_are_listed(jenkins: httpx.AsyncClient) -> None:
    queue = await read(jenkins, "/queue", "items[id,why,blocked,buildable,stuck],discoverableItems[task[name]]")
    nodes = await read(jenkins, "/computer", "busyExecutors,totalExecutors,computer[displayName,offline,numExecutors]")

    assert queue.keys() >= {"items", "discoverableItems"}
    assert nodes["totalExecutors"] >= nodes["busyExecutors"] >= 0
    assert all(node["displayName"] for node in nodes["computer"])


async def test_what_changes_something_takes_no_get(jenkins: httpx.AsyncClient) -> None:
    path = await a_build(jenkins)

    # Nothing is sent by POST here: this only shows that a GET is refused.
    assert (await jenkins.get(f"{path}/stop")).status_code == 405


async def test_nobody_may_change_anything_without_a_crumb(jenkins: httpx.AsyncClient) -> None:
    # A job that does not exist, in case a Jenkins has crumbs switched off.
    answer = await jenkins.post("/job/surely-missing/build", auth=httpx.Auth())

    assert answer.status_code in {403, 404}
