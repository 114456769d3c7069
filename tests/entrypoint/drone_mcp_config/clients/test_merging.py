"""Our entries of a client's file are recognised, in an installation with servers of two systems."""

from __future__ import annotations

from typing import Any

import pytest

from drone_mcp_config.clients.merging import is_ours, merge_servers
from drone_mcp_config.errors import NotWritten
from support.made_up_servers import INSTALLED


def started(*words: str) -> dict[str, Any]:
    """Return an entry as most clients have it."""
    return {"command": words[0], "args": list(words[1:])}


def module(name: str, python: str = "/opt/venv/bin/python") -> dict[str, Any]:
    """Return an entry as this command writes it."""
    return started(python, "-P", "-m", name)


OURS = {
    "installed": ("jenkins-builds", module("jenkins_mcp_builds")),
    "installed, with another interpreter": ("jenkins-builds", module("jenkins_mcp_builds", r"C:\old\python.exe")),
    "installed, as a command to share": ("jenkins-builds", started("jenkins-mcp-builds")),
    "installed, as a command of Windows": ("drone-logs", started(r"C:\drone-mcp-logs.exe")),
    "through uvx": ("drone-logs", started("/bin/uvx", "--from", "drone-mcp==1.0", "drone-mcp-logs")),
    "through uvx, as OpenCode has it": (
        "jenkins-builds",
        {"command": ["uvx.exe", "--from", "git+https://git.test/x@1", "jenkins-mcp-builds"]},
    ),
    "as OpenCode has it": ("drone-logs", {"command": ["/python", "-P", "-m", "drone_mcp_logs"]}),
    "as Goose has it": ("drone-logs", {"cmd": "/python", "args": ["-P", "-m", "drone_mcp_logs"]}),
    "not installed any more": ("jenkins-plug-ins", module("jenkins_mcp_plug_ins")),
    "of a system with one server, not installed any more": ("fleet", module("fleet_mcp")),
    "of the first releases": ("drone-old", started("/python", "-m", "drone_mcp_old")),
    "not installed any more, as a command to share": ("drone-old", started("drone-mcp-old")),
    "of a system with one server, not installed any more, as a command to share": ("fleet", started("drone-mcp-fleet")),
}
SERVED = {"Authorization": "Bearer ${DRONE_MCP_HTTP_TOKEN}"}
OURS |= {
    "served": ("jenkins-builds", {"url": "https://mcp.test/jenkins-builds/mcp", "headers": SERVED}),
    "served, not installed any more": ("fleet", {"serverUrl": "http://127.0.0.1:8080/fleet/mcp", "headers": SERVED}),
    "served, as Codex has it": (
        "drone-logs",
        {"url": "http://127.0.0.1:8080/logs/mcp", "bearer_token_env_var": "DRONE_MCP_HTTP_TOKEN"},
    ),
}
THEIRS = {
    "another program under the name of an installed server": ("jenkins-builds", started("my-own-thing")),
    "an installed server under a name of their own": ("builds-of-acme", module("jenkins_mcp_builds")),
    "with arguments of their own": ("drone-logs", started("/python", "-P", "-m", "drone_mcp_logs", "-v")),
    "another program through uvx": ("drone-logs", started("uvx", "--from", "x", "mine")),
    "through uvx with arguments of their own": ("drone-logs", started("uvx", "drone-mcp-logs")),
    "a name like ours": ("drone-fly", started("fly")),
    "a module like ours, started as people start one": ("gitea", started("python", "-m", "gitea_mcp")),
    "a command like ours": ("gitea", started("gitea-mcp")),
    "a command that begins like ours, under another name": ("my-old", started("drone-mcp-old")),
    "at an address": ("drone-logs", {"url": "https://mcp.example.com"}),
    "at an address with a token of their own": ("drone-logs", {"url": "https://mcp.test/logs/mcp", "headers": {}}),
    "served, under a name of their own": ("mine", {"url": "https://mcp.test/logs/mcp", "headers": SERVED}),
    "at an address that is no text": ("drone-logs", {"url": 1}),
    "no command at all": ("drone-logs", {}),
    "no entry at all": ("drone-logs", "drone_mcp_logs"),
}  # fmt: skip


@pytest.mark.parametrize(("name", "entry"), OURS.values(), ids=OURS)
def test_an_entry_that_this_command_wrote_is_ours(name: str, entry: object) -> None:
    assert is_ours(name, entry, INSTALLED)
    assert merge_servers({name: entry}, {}, INSTALLED) == {}


@pytest.mark.parametrize(("name", "entry"), THEIRS.values(), ids=THEIRS)
def test_an_entry_of_the_user_stays(name: str, entry: object) -> None:
    assert not is_ours(name, entry, INSTALLED)
    assert merge_servers({name: entry}, {}, INSTALLED) == {name: entry}


@pytest.mark.parametrize("name", ["drone-builds", "jenkins-builds"])
def test_an_entry_of_ours_is_replaced_in_its_place_whatever_interpreter_it_names(name: str) -> None:
    program = f"{name.partition('-')[0]}_mcp_builds"
    existing = {"mine": started("x"), name: module(program, "/old/python"), "also mine": started("y")}
    merged = merge_servers(existing, {name: module(program, "/new/python")}, INSTALLED)
    assert list(merged.items()) == [*({**existing, name: module(program, "/new/python")}).items()]


def test_a_name_of_ours_that_the_user_has_taken_is_refused() -> None:
    with pytest.raises(NotWritten, match="has a server 'jenkins-builds' already"):
        merge_servers({"jenkins-builds": started("x")}, {"jenkins-builds": module("jenkins_mcp_builds")}, INSTALLED)
