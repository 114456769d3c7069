"""No server lets half of a secret leave where it cuts a text: the rest would not look like a secret any more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import respx
from mcp import Client

from support.arguments import least_arguments
from support.installed import make_server, servers_that_ask_only
from support.made_builds import COMMIT, made_build, made_repo, made_stage, made_step

if TYPE_CHECKING:
    from collections.abc import Iterator

SECRET = "5ec2e7-0f-7h3-c4w5-9d1"
PARTS = {SECRET[at : at + 6] for at in range(len(SECRET) - 5)}
ENVIRONMENT = {
    "DRONE_SERVER": "https://drone.example.com",
    "DRONE_TOKEN": SECRET,
    "DRONE_MCP_RETRIES": "0",
    "DRONE_MCP_ACTIONS": "dry-run",
    "DRONE_MCP_ACTION_REPOS": "*/*",
    "DRONE_MCP_ACTION_TARGETS": "*",
    "DRONE_MCP_ACTION_UNAPPROVED": "allow",
}
WIDTHS = (20, 30, 40, 60, 80, 100, 120, 160, 200, 300, 500)  # at which any text may be cut
NUMBER = 4


def leaking_build(number: int, status: str, text: str) -> dict[str, Any]:
    """Make a build whose every text that others write is `text`."""
    step_status = {"pending": "pending", "success": "success"}.get(status, "failure")
    steps = [
        made_step(1, text, step_status, exit_code=1, error=text),
        made_step(2, "test", step_status, exit_code=1),
        made_step(3, text + "2", "skipped"),
    ]
    blocked = "blocked" if status == "pending" else status
    stages = (
        made_stage(1, text, blocked, *steps, error=text, machine=text, labels={text: text}),
        made_stage(2, text + "2", "pending" if status == "pending" else "skipped", depends_on=[text]),
    )
    names = ("title", "message", "error", "author_login", "author_name", "author_email", "sender", "trigger", "cron")
    texts = dict.fromkeys((*names, "source", "source_repo", "deploy_to"), text)
    link = f"https://git.example.com/{text}/commit/{COMMIT}"
    refs = {"ref": f"refs/heads/{text}", "target": text, "link": link, "params": {"NOTE": text, text: "x"}}
    return made_build(number, status, *stages, **texts, **refs, event="promote" if status == "pending" else "push")


def leaking_drone(drone: respx.MockRouter, slug: str, status: str, text: str) -> None:
    """Answer every request with such builds, of which the one before the last is good."""
    build, good = leaking_build(NUMBER, status, text), leaking_build(NUMBER - 1, "success", text)
    repo = made_repo(slug, build, timeout=60, protected=True)
    line = f"error: {text}: {text}\n"
    log = [{"pos": index, "out": out, "time": index} for index, out in enumerate(["+ make\n", line, f"FAIL {text}\n"])]
    drone.get("/api/user").respond(json={"id": 1, "login": "mona", "active": True})
    drone.get("/api/user/repos").respond(json=[repo])
    drone.get(path__regex=r"/logs/\d+/\d+$").respond(json=log)
    drone.get(path__regex=r"/builds/(latest|4)$").respond(json=build)
    drone.get(path__regex=r"/builds/\d+$").respond(json=good)
    drone.get(path__regex=r"/builds$").respond(json=[build, good])
    drone.get(f"/api/repos/{slug}").respond(json=repo)


def texts() -> Iterator[str]:
    """Yield texts that hold the secret where each width would cut it in two."""
    for width in WIDTHS:
        for lead in ("x" * (width - 9), "x" * (width - 24) + " is the end: "):
            yield lead + SECRET + "y" * 30


@pytest.mark.parametrize("status", ["failure", "killed", "pending"])
@pytest.mark.parametrize("name", servers_that_ask_only("Drone"))
async def test_half_a_secret_does_not_leave_where_a_text_is_cut(name: str, status: str) -> None:
    answered = set()
    async with Client(make_server(name, ENVIRONMENT)) as client:
        tools = (await client.list_tools()).tools
        for number, text in enumerate(texts()):
            slug = f"octo/hello-{number}"  # nothing is known of it yet
            with respx.mock(base_url=ENVIRONMENT["DRONE_SERVER"], assert_all_called=False) as drone:
                leaking_drone(drone, slug, status, text)
                for tool in tools:
                    result = await client.call_tool(tool.name, least_arguments(tool, slug, NUMBER))
                    said = result.model_dump_json()
                    assert not [part for part in PARTS if part in said], (tool.name, text)
                    answered |= {tool.name} if not result.is_error else set()
    assert answered, "nothing was answered, so nothing is shown here"
