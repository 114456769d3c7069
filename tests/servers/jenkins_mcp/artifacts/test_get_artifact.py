"""Parts of artifacts, as an agent reads them from a simulated Jenkins."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
import respx

from support.jenkins import agent_of, jenkins_and_agent

if TYPE_CHECKING:
    from support.agent import Agent, Answer

TOKEN = "a-token-of-the-tests"
BINARY = bytes(range(256))
FILES: dict[str, bytes] = {
    "out/report.txt": b"".join(b"%05d\n" % number for number in range(2000)),
    "out/umlauts.txt": "ä".encode() * 3000,
    "blob.bin": BINARY,
    "empty.txt": b"",
    "colours.log": b"\x1b[31mred\x1b[0m\r\nplain\n",
    "env.txt": b"." * 2990 + TOKEN.encode() + b"." * 3000,
    "nul.txt": b"a\0b",
}


async def get(path: str, **arguments: Any) -> Answer:
    """Ask for an artifact of a build that has all of `FILES`."""
    async with jenkins_and_agent({"jobs": {"app": {"builds": [{}]}}}) as (jenkins, agent):
        jenkins.job("app").builds[0].plan.artifacts.update(FILES)
        return await agent.call("jenkins_get_artifact", job="app", path=path, **arguments)


async def test_the_beginning_of_a_text_is_shown_with_the_way_to_the_rest() -> None:
    answer = await get("out/report.txt")
    assert answer.data == {
        "job": "app",
        "number": 1,
        "path": "out/report.txt",
        "size": 12_000,
        "bytes": "0-2999",
        "text": FILES["out/report.txt"][:3000].decode(),
        "next_step": "Call again with bytes 3000-5999 for more",
    }


@pytest.mark.parametrize("given", ["600-611", "6000-17999", "11994-11999", "0-11999", "11994-12999"])
async def test_a_range_is_shown_as_it_is(given: str) -> None:
    first, _, last = given.partition("-")
    expected = FILES["out/report.txt"][int(first) : int(last) + 1]
    answer = await get("out/report.txt", bytes=given)
    assert answer.data["text"].encode() == expected
    assert answer.data["bytes"] == f"{first}-{int(first) + len(expected) - 1}"
    assert ("next_step" in answer.data) == (int(last) < 11_999)


async def test_a_character_that_a_part_would_cut_comes_with_the_next_part() -> None:
    answer = await get("out/umlauts.txt", bytes="0-2000")
    assert (answer.data["text"], answer.data["bytes"]) == ("ä" * 1000, "0-1999")
    assert answer.data["next_step"] == "Call again with bytes 2000-4000 for more"


@pytest.mark.parametrize("path", ["blob.bin", "nul.txt"])
async def test_bytes_that_are_no_text_come_as_base64(path: str) -> None:
    answer = await get(path)
    assert base64.b64decode(answer.data["base64"]) == FILES[path]
    assert "text" not in answer.data


async def test_a_text_that_had_to_be_sanitised_says_so_and_its_bytes_can_be_had() -> None:
    answer = await get("colours.log")
    assert answer.data["text"] == "red\nplain\n"
    assert "sanitised" in answer.data["changed"]
    assert "form base64" in answer.data["next_step"]
    exact = await get("colours.log", form="base64")
    assert base64.b64decode(exact.data["base64"]) == FILES["colours.log"]


@pytest.mark.parametrize("given", ["0-2999", "2995-5000", "2985-3009"])
async def test_no_part_of_a_secret_is_shown_wherever_a_range_cuts_it(given: str) -> None:
    answer = await get("env.txt", bytes=given)
    assert "changed" in answer.data
    assert not [size for size in (5, 10) for at in range(10) if TOKEN[at : at + size] in answer.data["text"]]
    refused = await get("env.txt", bytes=given, form="base64")
    assert refused.code == "PERMISSION_DENIED"


async def test_an_empty_artifact_is_shown_as_empty() -> None:
    answer = await get("empty.txt")
    assert (answer.failed, answer.data["size"], answer.data.get("text", "")) == (False, 0, "")


@pytest.mark.parametrize(
    ("path", "arguments", "code", "step"),
    [
        ("out", {}, "INVALID_INPUT", "jenkins_list_artifacts"),
        ("out/nope.txt", {}, "NOT_FOUND", "jenkins_list_artifacts"),
        ("out/report.txt", {"build": 7}, "NOT_FOUND", "jenkins_list_artifacts"),
        ("out/report.txt", {"bytes": "12000-12999"}, "INVALID_INPUT", "The last one is 11999"),
        ("out/report.txt", {"bytes": "90000-90001"}, "INVALID_INPUT", "Begin with an earlier one"),
        ("out/report.txt", {"bytes": "-100"}, "INVALID_INPUT", "like 3000-5999"),
        ("out/report.txt", {"bytes": "5-4"}, "INVALID_INPUT", "like 3000-5999"),
        ("out/report.txt", {"bytes": "0-20000"}, "INVALID_INPUT", "like 3000-5999"),
        ("out/*zip*/out.zip", {}, "INVALID_INPUT", "one path of the list"),
        ("../api/json", {}, "INVALID_INPUT", "Correct the argument"),
        ("out//report.txt", {}, "INVALID_INPUT", "Correct the argument"),
        ("", {}, "INVALID_INPUT", "Correct the argument"),
    ],
)
async def test_what_cannot_be_shown_is_said_with_the_next_step(
    path: str, arguments: dict[str, Any], code: str, step: str
) -> None:
    answer = await get(path, **arguments)
    assert (answer.code, step in answer.data["next_step"]) == (code, True)


async def test_a_job_out_of_scope_shows_no_artifact() -> None:
    async with jenkins_and_agent(JENKINS_JOBS="other/**") as (jenkins, agent):
        answer = await agent.call("jenkins_get_artifact", job="team/release", path="x", build=1)
    assert (answer.code, jenkins.asked) == ("PERMISSION_DENIED", [])


async def ask_redirecting(agent: Agent, location: str, web: respx.MockRouter, **arguments: Any) -> Answer:
    web.get("https://ci.example.com/job/app/api/json").respond(
        json={"_class": "hudson.model.FreeStyleProject", "name": "app", "fullName": "app"}
    )
    web.get("https://ci.example.com/job/app/1/artifact/a.txt").respond(302, headers={"Location": location})
    return await agent.call("jenkins_get_artifact", job="app", build=1, path="a.txt", **arguments)


USER = {"JENKINS_URL": "https://ci.example.com", "JENKINS_USERNAME": "dev", "JENKINS_API_TOKEN": TOKEN}


async def test_an_artifact_in_a_store_is_read_there_without_credentials() -> None:
    with respx.mock() as web:
        store = web.get("https://s3.example.com/b/a.txt?sig=abc").respond(content=b"hello\n")
        async with agent_of(**USER) as agent:
            answer = await ask_redirecting(agent, "https://s3.example.com/b/a.txt?sig=abc", web)
    assert (answer.data["text"], answer.data["size"]) == ("hello\n", 6)
    assert not {"authorization", "cookie"} & store.calls.last.request.headers.keys()


async def test_a_redirect_that_leaves_tls_is_not_followed() -> None:
    with respx.mock() as web:
        async with agent_of(**USER) as agent:
            answer = await ask_redirecting(agent, "http://169.254.169.254/latest/meta-data", web)
    assert (answer.code, "not followed" in answer.data["message"]) == ("JENKINS_ERROR", True)


async def test_a_store_that_gives_no_ranges_is_not_taken_for_one_that_does() -> None:
    with respx.mock() as web:
        web.get("https://s3.example.com/a").respond(content=b"x" * 5000)
        async with agent_of(**USER) as agent:
            answer = await ask_redirecting(agent, "https://s3.example.com/a", web, bytes="2000-2999")
    assert (answer.code, "form file" in answer.data["next_step"]) == ("JENKINS_ERROR", True)
