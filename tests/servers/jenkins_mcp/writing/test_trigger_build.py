"""Builds that an agent triggers: what is checked before, what is compared afterwards, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.actions_desk import Person
from support.jenkins_desk import desk

if TYPE_CHECKING:
    from pathlib import Path

RELEASE: dict[str, Any] = {
    "parameters": [
        {"name": "VERSION", "default": "1.0"},
        {"name": "ENVIRONMENT", "type": "choice", "choices": ["staging", "production"]},
        {"name": "DRY", "type": "boolean", "default": True},
        {"name": "NOTES", "type": "text"},
        {"name": "LOGIN", "type": "password", "default": "x"},
        {"name": "up/data.bin", "type": "file"},
        {"name": "BASE", "type": "run", "project": "lib"},
    ],
    "next": {"seconds": 60},
}
SCENARIO: dict[str, Any] = {
    "jobs": {
        "release": RELEASE,
        "lib": {"builds": [{}, {}], "next": {"seconds": 60}},
        "off": {"disabled": True},
        "team": {"kind": "folder", "jobs": {"mb": {"kind": "multibranch", "jobs": {"a%2Fb": {"kind": "pipeline"}}}}},
    }
}
TEXT = "  line 1\n\tline 2\r\nü & = % \N{PILE OF POO} "


async def test_parameters_reach_the_build_as_they_were_given(tmp_path: Path) -> None:
    given = {"VERSION": " 1.4.0", "ENVIRONMENT": "production", "DRY": False, "NOTES": TEXT, "BASE": "lib#2"}
    async with desk(tmp_path, SCENARIO) as at:
        answer = await at.call("jenkins_trigger_build", job="release", parameters=given)
        build = at.jenkins.job("release").builds[-1]
        assert at.writes == ["POST /job/release/buildWithParameters"]
        assert at.events == ["attempt", "outcome"]
        assert at.lines[0]["params"] == ["BASE", "DRY", "ENVIRONMENT", "NOTES", "VERSION"]
        assert "1.4.0" not in at.audit.read_text(encoding="utf-8")
    assert build.parameters["NOTES"] == TEXT
    assert (build.parameters["VERSION"], build.parameters["DRY"]) == (" 1.4.0", False)
    assert (answer.data["outcome"], answer.data["new_build"], answer.data["item"]) == ("done", 1, build.queue_id)
    assert "differences" not in answer.data
    assert answer.data["parameters"]["ENVIRONMENT"] == "production"
    assert answer.data["notes"] == ["Jenkins does not show what it has stored for BASE"]


async def test_a_job_without_parameters_is_triggered_by_the_other_route(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        answer = await at.call("jenkins_trigger_build", job="lib")
        assert at.writes == ["POST /job/lib/build"]
    assert (answer.data["new_build"], answer.data["page"]) == (3, f"{at.jenkins.url}/job/lib/3/")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"VERSON": "1"}, "VERSON is not a parameter of it"),
        ({"ENVIRONMENT": "prod"}, "ENVIRONMENT takes one of staging, production, not 'prod'"),
        ({"DRY": "maybe"}, "DRY takes true or false, not 'maybe'"),
        ({"BASE": "12"}, "BASE takes a build of lib, like lib#12, not '12'"),
        ({"BASE": "off#1"}, "BASE takes a build of lib"),
        ({"BASE": "lib#9"}, "there is no build 9"),
        ({"up/data.bin": "x"}, "up/data.bin takes a file, which cannot be sent from here"),
        ({"NOTES": "x" * 8001}, "NOTES has 8001 characters"),
        ({"NOTES": "a\0b"}, "a character that Jenkins cannot store"),
        ({"VERSION": 1.10}, "parameters"),
    ],
    ids=lambda value: str(value)[:40],
)
async def test_a_wrong_parameter_is_refused_before_anything_is_sent(
    given: dict[str, Any], said: str, tmp_path: Path
) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        answer = await at.call("jenkins_trigger_build", job="release", parameters=given)
        assert at.writes == []
    assert (answer.code, said in answer.data["message"]) == ("INVALID_INPUT", True), answer.text


async def test_a_refusal_names_the_values_that_the_job_accepts(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        refused = await at.call("jenkins_trigger_build", job="release", parameters={"X": "1", "DRY": "no"})
        run = await at.call("jenkins_trigger_build", job="release", parameters={"BASE": "lib#9"})
        plain = await at.call("jenkins_trigger_build", job="lib", parameters={"X": "1"})
    assert refused.data["details"]["accepts"]["ENVIRONMENT"] == "one of staging, production"
    assert all(said in refused.data["message"] for said in ("X is not", "DRY takes true or false"))
    assert run.data["next_step"] == "Give one like lib#2, lib#1"
    assert "takes no parameters" in plain.data["next_step"]


@pytest.mark.parametrize(
    ("job", "code", "said"),
    [
        ("off", "CONFLICT", "off is disabled"),
        ("team", "INVALID_INPUT", "team contains jobs"),
        ("team/mb", "INVALID_INPUT", "team/mb contains jobs"),
        ("nothing", "NOT_FOUND", "nothing"),
    ],
)
async def test_what_cannot_be_built_is_refused(job: str, code: str, said: str, tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        answer = await at.call("jenkins_trigger_build", job=job)
        assert at.writes == []
        assert at.events == ["refused"]
    assert (answer.code, said in answer.data["message"]) == (code, True)


async def test_a_branch_is_triggered_by_its_plain_name(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO, JENKINS_MCP_ACTION_JOBS="team/**") as at:
        answer = await at.call("jenkins_trigger_build", job="team/mb/a/b")
        assert at.writes == ["POST /job/team/job/mb/job/a%252Fb/build"]
    assert answer.data["job"] == "team/mb/a%2Fb"


async def test_an_equal_build_in_the_queue_is_joined_and_told(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        await at.call("jenkins_trigger_build", job="release", parameters={"VERSION": "1"})
        waiting = await at.call("jenkins_trigger_build", job="release", parameters={"VERSION": "2"})
        await at.jenkins.advance(61 - 60)
        again = await at.call("jenkins_trigger_build", job="release", parameters={"VERSION": "2", "DRY": True})
    assert "new_build" not in waiting.data
    assert "It waits: Build #1 is already in progress" in waiting.data["notes"][0]
    assert (again.data["item"], "joined" in again.data["message"]) == (waiting.data["item"], True)


async def test_every_difference_from_what_jenkins_has_stored_is_reported(tmp_path: Path) -> None:
    async with desk(tmp_path, SCENARIO) as at:
        job = at.jenkins.job("release")
        trimmed = [{"name": "VERSION", "trim": True}]
        job.parameters = tuple(
            type(one)(**{**vars(one), **change}) for one, change in zip(job.parameters, trimmed, strict=False)
        )
        answer = await at.call("jenkins_trigger_build", job="release", parameters={"VERSION": " 1.4 "})
    assert answer.data["differences"] == ["VERSION: sent ' 1.4 ', stored '1.4'"]
    assert answer.data["next_step"].startswith("Look at differences")


async def test_a_person_sees_values_escaped_and_secrets_redacted(tmp_path: Path) -> None:
    person = Person()
    given = {"NOTES": "a\nb\N{RIGHT-TO-LEFT OVERRIDE}" + "x" * 2000, "LOGIN": "hush-hush", "VERSION": "2"}
    async with desk(tmp_path, SCENARIO, person, JENKINS_MCP_ACTION_CONFIRM="medium") as at:
        answer = await at.call("jenkins_trigger_build", job="release", parameters=given)
        plain = await at.call("jenkins_trigger_build", job="lib")
        assert at.jenkins.job("release").builds[-1].parameters["LOGIN"] == "hush-hush"
        said = answer.text + at.audit.read_text(encoding="utf-8") + person.asked[0]
    assert len(person.asked) == 1
    assert not plain.failed
    lines = person.asked[0].split("\n")
    assert lines[0] == "Build release?"
    assert lines[2].startswith(r"It sets NOTES = 'a\nb\u202exx")
    assert lines[2].endswith("(2004 characters)")
    assert lines[3] == "It sets VERSION = '2'"
    assert any("does not mask it in the log" in line for line in lines)
    assert "hush-hush" not in said


async def test_reserved_names_have_to_be_spelled_out(tmp_path: Path) -> None:
    scenario = {"jobs": {"odd": {"parameters": [{"name": "PATH"}, {"name": "MODE"}]}}}
    async with desk(tmp_path, scenario) as at:
        refused = await at.call("jenkins_trigger_build", job="odd", parameters={"PATH": "/opt"})
    async with desk(tmp_path, scenario, JENKINS_MCP_ACTION_PARAMS="PATH") as at:
        allowed = await at.call("jenkins_trigger_build", job="odd", parameters={"PATH": "/opt"})
        other = await at.call("jenkins_trigger_build", job="odd", parameters={"MODE": "x"})
    assert (refused.code, "spelled out" in refused.data["message"]) == ("PERMISSION_DENIED", True)
    assert not allowed.failed
    assert other.code == "PERMISSION_DENIED"
