"""An agent end to end: a real MCP client asks a simulated Drone, and what it leaves goes to a real repository."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_config.demo.processes import SimulatedDrone, simulated
from support.agent_run import Place
from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the entrypoint of containers")

# Starts what its configuration names, as Claude Code does, and asks for builds; what it finds is its work.
CLIENT = """\
#!{python}
import json, os, sys
import anyio
from mcp import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from mcp.client.streamable_http import streamable_http_client
import httpx2

assert sys.argv[1] == "--mcp-config" and sys.argv[3:] == ["--strict-mcp-config", "-p", "mend"], sys.argv
fill = os.path.expandvars
found = {{}}

def connection(entry):
    if entry["type"] == "http":
        headers = {{name: fill(value) for name, value in entry["headers"].items()}}
        http = httpx2.AsyncClient(headers=headers, trust_env=False, timeout={PATIENCE})
        return streamable_http_client(entry["url"], http_client=http)
    env = {{name: fill(value) for name, value in entry["env"].items()}}
    return stdio_client(StdioServerParameters(command=entry["command"], args=entry["args"], env=env))

async def work():
    for name, entry in json.load(open(sys.argv[2]))["mcpServers"].items():
        async with Client(connection(entry)) as client:
            found[name] = [tool.name for tool in (await client.list_tools()).tools]
            if "drone_list_builds" in found[name]:
                result = await client.call_tool("drone_list_builds", {{"repo": "octo/hello", "limit": 1}})
                found["answer"] = result.structured_content

anyio.run(work)
found["argv"] = open("/proc/self/cmdline").read().split("\\0")
with open("found.json", "w") as file:
    json.dump(found, file)
"""


@pytest.fixture(scope="module")
def drone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedDrone]:
    with simulated(tmp_path_factory.mktemp("drone"), keep=False) as drone:
        yield drone


@pytest.fixture
def place(tmp_path: Path, drone: SimulatedDrone) -> Place:
    """A clone to work in, with a branch that others may push to as well, and a `claude` that is no AI."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "claude").write_text(CLIENT.format(python=sys.executable, PATIENCE=PATIENCE), encoding="utf-8")
    (programs / "claude").chmod(0o755)
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    place = Place(tmp_path, {**drone.environment, "PATH": path, "SESSION_ID": "s-7", "BRANCH": "agent/fix"})
    git(place, "init", "--quiet", "--bare", "--initial-branch", "main", str(remote(place)))
    git(place, "clone", "--quiet", str(remote(place)), ".")
    git(place, *SOMEBODY, "commit", "--quiet", "--allow-empty", "-m", "first")
    git(place, "push", "--quiet", "origin", "HEAD:main")
    return place


SOMEBODY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
WORK = ("claude", "-p", "mend")


def remote(place: Place) -> Path:
    return place.folder / "remote.git"


def git(place: Place, *arguments: str) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=place.work, env=place.variables(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def pushed(place: Place) -> list[str]:
    return git(place, f"--git-dir={remote(place)}", "ls-tree", "-r", "--name-only", "agent/fix").split()


def test_a_real_client_gets_the_tools_of_its_role_and_its_work_is_pushed(place: Place, drone: SimulatedDrone) -> None:
    done = place.run("--push", command=WORK, role="reader", DRONE_REPO="octo/hello")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads((place.work / "found.json").read_text())
    assert "drone_get_build" in found["drone-builds"]
    assert "drone_diagnose_build" in found["drone-logs"]
    assert "drone-actions" not in found
    assert found["answer"]["builds"][0]["number"]
    assert pushed(place) == ["found.json"]
    message = git(place, f"--git-dir={remote(place)}", "log", "-1", "--format=%s", "agent/fix")
    assert message == "Save what session s-7 left\n"
    assert "Pushed " in done.stderr
    assert drone.token not in "".join(found["argv"]) + done.stdout + done.stderr
    assert place.left == []


def test_a_served_role_is_used_without_a_token_for_drone_in_reach(place: Place, drone: SimulatedDrone) -> None:
    token = "a-token-of-the-tests-for-callers"
    serve = [
        *warm_python(),
        "-m",
        "drone_mcp_config",
        "serve",
        "--role",
        "viewer",
        "--roles-dir",
        str(place.folder / "roles"),
        "--http",
        "127.0.0.1:0",
    ]
    environment = place.variables(DRONE_MCP_HTTP_TOKEN=token)
    with subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        try:
            assert process.stdout
            url = json.loads(process.stdout.readline())["url"]
            place.environment = {name: place.environment[name] for name in ("PATH", "BRANCH")}
            done = place.run("--url", url, command=WORK, role="viewer", DRONE_SERVER="", DRONE_MCP_HTTP_TOKEN=token)
            assert done.returncode == 0, done.stderr
            assert json.loads((place.work / "found.json").read_text())["answer"]["builds"]
            wrong = place.run("--url", url, command=WORK, role="viewer", DRONE_MCP_HTTP_TOKEN=f"{token}-not")
            assert wrong.returncode == 69
            assert "drone-builds: it refused with 401" in wrong.stderr
            assert f"{token}-not" not in wrong.stderr
        finally:
            process.kill()
    assert drone.token not in (place.work / "found.json").read_text()


def test_the_agents_failure_is_the_answer_and_its_work_is_pushed_all_the_same(place: Place) -> None:
    done = place.run("--push", command=["sh", "-c", "touch new; exit 3"])
    assert done.returncode == 3
    assert pushed(place) == ["new"]


def test_a_push_that_fails_is_reported_and_counts_only_where_the_agent_did_not_fail(place: Place) -> None:
    hook = remote(place) / "hooks" / "pre-receive"
    hook.write_text("#!/bin/sh\necho closed for today\nexit 1\n", encoding="utf-8")
    hook.chmod(0o755)
    done = place.run("--push", command=["touch", "new"])
    assert done.returncode == 75
    assert "The work was not pushed to agent/fix: " in done.stderr
    assert "closed for today" in done.stderr
    assert place.run("--push", command=["false"]).returncode == 1


def test_work_is_pushed_after_the_agent_was_told_to_end(place: Place) -> None:
    script = "import os, signal; open('new', 'w').close(); os.kill(os.getppid(), signal.SIGTERM); signal.pause()"
    done = place.run("--push", command=[sys.executable, "-c", script])
    assert done.returncode == 143
    assert pushed(place) == ["new"]


def test_the_configuration_is_never_pushed_even_from_a_temporary_folder_in_the_work_tree(place: Place) -> None:
    (place.work / "tmp").mkdir()
    done = place.run("--push", command=["touch", "new"], TMPDIR=str(place.work / "tmp"))
    assert done.returncode == 0, done.stderr
    assert pushed(place) == ["new"]


def test_what_never_ran_is_not_pushed(place: Place) -> None:
    (place.work / "new").touch()
    assert place.run("--push", command=["no-such-program"]).returncode == 127
    assert git(place, f"--git-dir={remote(place)}", "branch", "--list", "agent/*") == ""


def test_a_protected_branch_is_refused_before_the_agent_runs_unless_it_is_meant(place: Place) -> None:
    done = place.run("--push", "--branch", "main", command=["touch", "new"])
    assert done.returncode == 2
    assert "--push-protected" in done.stderr
    assert not (place.work / "new").exists()
    done = place.run("--push-protected", "--branch", "main", command=["touch", "new"])
    assert done.returncode == 0, done.stderr
    assert git(place, f"--git-dir={remote(place)}", "ls-tree", "--name-only", "main") == "new\n"


def test_who_commits_can_be_said(place: Place) -> None:
    names = ("--git-name", "Ada Agent", "--git-email", "ada@example.com")
    assert place.run("--push", *names, command=["touch", "new"], GIT_AUTHOR_NAME="Other").returncode == 0
    who = git(place, f"--git-dir={remote(place)}", "log", "-1", "--format=%an <%ae> %cn", "agent/fix")
    assert who == "Ada Agent <ada@example.com> Ada Agent\n"


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"DRONE_TOKEN": "wrong"}, "token: Drone does not know this token. Take the token from the account page"),
        ({"DRONE_TOKEN": "two words"}, "DRONE_TOKEN"),
        ({"DRONE_SERVER": "http://127.0.0.1:9"}, "address: "),
        ({"DRONE_SERVER": "http://127.0.0.1:9/x y"}, "DRONE_SERVER"),
    ],
)
def test_a_drone_that_would_answer_no_tool_is_found_before_the_agent_costs_money(
    place: Place, variables: dict[str, str], words: str
) -> None:
    done = place.run(command=["touch", "ran"], role="reader", DRONE_REPO="octo/hello", **variables)
    assert done.returncode == 69
    assert words in done.stderr
    assert "The agent was not started: some of its tools would not work." in done.stderr
    assert not (place.work / "ran").exists()


@pytest.mark.parametrize(("mode", "code"), [("on", 69), ("dry-run", 0)])
def test_a_token_to_write_with_is_tried_where_it_is_used(place: Place, mode: str, code: int) -> None:
    servers = f"{{actions: {{tools: [drone_restart_build], token: OPS_SIGNER, mode: {mode}}}}}"
    path = place.folder / "roles" / "writer.yaml"
    path.write_text(f"role: writer\nrepos: [octo/*]\nservers: {servers}\n", encoding="utf-8")
    done = place.run(
        command=["touch", "ran"], role="writer", DRONE_REPO="octo/hello", OPS_SIGNER="not-a-token-of-anyone"
    )
    assert done.returncode == code, done.stderr
    assert ("Drone does not know this token" in done.stderr) == (mode == "on")
    assert ("and set OPS_SIGNER to it" in done.stderr) == (mode == "on")


def test_the_agents_own_token_is_not_pushed(place: Place, drone: SimulatedDrone) -> None:
    write = ["sh", "-c", 'echo "DRONE_TOKEN=$DRONE_TOKEN" >.env']
    done = place.run("--push", command=write, role="reader", DRONE_REPO="octo/hello")
    assert done.returncode == 75
    assert "the secret of DRONE_TOKEN in .env, line 1 of commit " in done.stderr
    assert drone.token not in done.stderr
    assert git(place, f"--git-dir={remote(place)}", "branch", "--list", "agent/*") == ""
