"""Stops, cancellations and rebuilds, lost answers, passwords, modes and several Jenkins."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from ci_mcp_kit.variables import SettingsError
from jenkins_mcp.settings import JenkinsSettings
from support.actions_desk import Person
from support.jenkins_desk import desk

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO: dict[str, Any] = {
    "jobs": {
        "slow": {"parameters": [{"name": "N"}], "builds": [{}], "next": {"seconds": 60}},
        "login": {"parameters": [{"name": "LOGIN", "type": "password"}], "next": {"seconds": 1}},
        "pipe": {"kind": "pipeline", "next": {"seconds": 60, "ignores_stop": True}},
        "plain": {"next": {"seconds": 60}},
    }
}


async def test_a_stop_needs_a_person_and_is_on_record(tmp_path: Path) -> None:
    person = Person()
    async with desk(tmp_path, SCENARIO, person) as at:
        await at.call("jenkins_trigger_build", job="plain")
        answer = await at.call("jenkins_stop_build", job="plain", build=1)
        assert at.events == ["attempt", "outcome", "asked", "attempt", "outcome"]
        assert at.lines[3]["confirmation"] == "person: as agreed"
    assert (answer.data["result"], answer.data["outcome"]) == ("ABORTED", "done")
    assert person.asked[0].startswith("Stop build 1 of plain (Started by user ops)?")


async def test_a_stop_that_a_person_declines_is_not_sent(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO, Person("decline")) as at:
        await at.call("jenkins_trigger_build", job="plain")
        answer = await at.call("jenkins_stop_build", job="plain", build=1)
        assert at.writes == ["POST /job/plain/build"]
    assert answer.code == "NOT_CONFIRMED"


async def test_a_build_that_goes_on_is_ended_harder_only_when_asked(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO, Person()) as at:
        await at.call("jenkins_trigger_build", job="pipe")
        asked = await at.call("jenkins_stop_build", job="pipe", build=1)
        harder = await at.call("jenkins_stop_build", job="pipe", build=1, how="kill")
        freestyle = await at.call("jenkins_stop_build", job="slow", build=1, how="term")
    assert (asked.data["outcome"], "how term" in asked.data["next_step"]) == ("under_way", True)
    assert harder.data["result"] == "ABORTED"
    assert (freestyle.code, "is not a pipeline" in freestyle.data["message"]) == ("INVALID_INPUT", True)


async def test_a_queue_item_is_cancelled_once(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        await at.call("jenkins_trigger_build", job="slow", parameters={"N": "1"})
        item = (await at.call("jenkins_trigger_build", job="slow", parameters={"N": "2"})).data["item"]
        answer = await at.call("jenkins_cancel_queue_item", item=item)
        assert at.jenkins.world.items[item].cancelled
        await at.jenkins.advance(61)
        again = await at.call("jenkins_cancel_queue_item", item=item)
        began = await at.call("jenkins_cancel_queue_item", item=1)
        assert at.writes.count("POST /queue/cancelItem") == 1
    assert (answer.data["outcome"], answer.data["item"]) == ("done", item)
    assert (again.data["outcome"], "cancelled already" in again.data["message"]) == ("nothing_to_do", True)
    assert "became build 2" in began.data["message"]


async def test_a_rebuild_takes_the_parameters_of_the_build(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        await at.call("jenkins_trigger_build", job="slow", parameters={"N": " 7\n"})
        await at.jenkins.advance(61)
        answer = await at.call("jenkins_rebuild", job="slow", build=2)
        assert at.jenkins.job("slow").builds[-1].parameters == {"N": " 7\n"}
        assert "params" not in at.lines[-1]
    assert answer.data["new_build"] == 3


async def test_a_rebuilt_pipeline_is_found_although_jenkins_does_not_name_it(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        await at.call("jenkins_trigger_build", job="pipe")
        await at.jenkins.advance(61)
        answer = await at.call("jenkins_rebuild", job="pipe", build=1)
        assert at.writes[-1] == "POST /job/pipe/1/replay/rebuild"
    assert (answer.data["new_build"], answer.data["item"]) == (2, 2)


async def test_a_password_cannot_be_read_back_for_a_rebuild(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        await at.call("jenkins_trigger_build", job="login", parameters={"LOGIN": "x"})
        answer = await at.call("jenkins_rebuild", job="login", build=1)
        assert len(at.writes) == 1
    assert (answer.code, "LOGIN" in answer.data["message"]) == ("INVALID_INPUT", True)


@pytest.mark.parametrize(
    ("fault", "happened"),
    [
        ({"kind": "status", "status": 503, "handled": True}, True),
        ({"kind": "status", "status": 502}, False),
        ({"kind": "drop"}, False),
    ],
    ids=["503 afterwards", "502 before", "no answer"],
)
async def test_a_lost_answer_is_looked_for_and_never_sent_twice(
    fault: dict[str, Any], happened: bool, tmp_path: Path
) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        at.jenkins.break_with(**fault, route="POST /job/*")
        first = await at.call("jenkins_trigger_build", job="slow", parameters={"N": "5"})
        again = await at.call("jenkins_trigger_build", job="slow", parameters={"N": "5"})
        assert len(at.writes) == 1
        assert "looked" in at.events
    if happened:
        assert (first.data["new_build"], again.data["outcome"]) == (2, "repeated")
    else:
        assert (first.code, again.code) == ("CONFLICT", "CONFLICT")
        assert "the queue and the newest builds" in first.data["next_step"]


async def test_a_password_brings_a_crumb_which_is_renewed_once(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO, JENKINS_WRITE_TOKEN="ops:of-ops") as at:
        ops = at.jenkins.world.users["ops"]
        ops.password = "of-ops"
        first = await at.call("jenkins_trigger_build", job="plain")
        second = await at.call("jenkins_trigger_build", job="slow")
        at.jenkins.world.crumbs.clear()
        third = await at.call("jenkins_trigger_build", job="login")
    crumbs = [path for path in at.jenkins.paths if path.startswith("GET /crumbIssuer")]
    assert [answer.failed for answer in (first, second, third)] == [False] * 3
    assert (len(crumbs), len(at.writes)) == (2, 5)


async def test_a_rehearsal_and_a_server_that_is_off_send_nothing(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO, JENKINS_MCP_ACTIONS="dry-run") as at:
        rehearsed = await at.call("jenkins_trigger_build", job="slow", parameters={"N": "5"})
        assert at.writes == []
    async with desk(tmp_path, SCENARIO, JENKINS_MCP_ACTIONS="off") as at:
        off = await at.call("jenkins_trigger_build", job="slow")
        assert at.writes == []
    assert rehearsed.data["outcome"] == "dry_run"
    assert rehearsed.data["requests"] == ["POST /job/slow/buildWithParameters with N"]
    assert "It sets N = '5'" in rehearsed.data["notes"]
    assert off.code == "WRITES_DISABLED"


async def test_a_job_that_the_role_may_not_change_is_refused(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO, JENKINS_MCP_ACTION_JOBS="slow !plain") as at:
        answer = await at.call("jenkins_trigger_build", job="plain")
        item = at.jenkins.world.trigger(at.jenkins.job("plain"), [], {}, 3600)[0]
        cancelled = await at.call("jenkins_cancel_queue_item", item=item.id)
        assert at.writes == []
    assert {answer.code, cancelled.code} == {"PERMISSION_DENIED"}


def settings_of(folder: Path, entries: Any, **env: str) -> JenkinsSettings:
    file = folder / "jenkins.yaml"
    file.write_text(json.dumps({"jenkins": entries}), encoding="utf-8")
    file.chmod(0o600)
    on = {"JENKINS_MCP_ACTIONS": "on", "JENKINS_MCP_ACTION_JOBS": "**"}
    return JenkinsSettings.from_environment({"JENKINS_CONFIG": str(file), **on, **env})


def test_each_of_several_jenkins_has_its_own_token_for_changes(tmp_path: Path) -> None:
    one = {"name": "one", "url": "https://one.example.com", "writeToken": "ops:secret-of-one"}
    other = {"name": "other", "url": "https://other.example.com"}
    found = settings_of(tmp_path, [one, other])
    assert [instance.may_be_changed for instance in found.instances] == [True, False]
    assert "secret-of-one" in found.secrets()
    off = settings_of(tmp_path, [one, other], JENKINS_MCP_ACTIONS="dry-run")
    assert [instance.may_be_changed for instance in off.instances] == [False, False]


@pytest.mark.parametrize(
    ("several", "env", "said"),
    [
        (True, {"JENKINS_WRITE_TOKEN": "ops:x"}, "say there which one it is for"),
        (True, {}, "changes need a token"),
        (False, {"JENKINS_WRITE_TOKEN": "x"}, "JENKINS_USERNAME is not set"),
    ],
)
def test_a_token_for_changes_that_does_not_fit_stops_the_start(
    several: bool, env: dict[str, str], said: str, tmp_path: Path
) -> None:
    one = {"url": "https://one.example.com"}
    entries: Any = [{"name": "one", **one}, {"name": "other", **one}] if several else one
    with pytest.raises(SettingsError, match=said):
        settings_of(tmp_path, entries, **env)
