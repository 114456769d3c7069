"""`drone-mcp-config serve` as a process with the installed servers, asked by real clients before a simulated Drone."""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import anyio.to_thread
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from drone_mcp_config.serving.callers import hash_of
from support.collector import collecting
from support.http_process import bearer, serving, started
from support.patience import PATIENCE
from support.simulator import running_simulator
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.collector import Collector
    from support.http_process import HttpProcess

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

TOKEN = "a-token-of-the-tests-for-callers"
ROLES = Path(__file__).parents[3] / "support" / "roles"
SERVE = ("drone_mcp_config", "serve", "--http", "127.0.0.1:0", "--roles-dir", str(ROLES))
NARROW = """\
role: narrow
repos: ["octo/*"]
servers:
  builds:
    tools: [drone_get_build]
"""
DEV, UI, OWN = ("dev-caller-" + "d" * 32, "ui-caller-" + "u" * 32, "own-caller-" + "o" * 32)


def callers(*lines: dict[str, Any]) -> str:
    return "callers:\n" + "".join(
        f"  - {{{', '.join(f'{key}: {value}' for key, value in line.items())}}}\n" for line in lines
    )


def caller(token: str, role: str = "reader", **more: Any) -> dict[str, Any]:
    return {"name": token[:3], "role": role, "token": f'"{hash_of(token)}"', **more}


@pytest.fixture(scope="module")
def dev() -> Iterator[HttpProcess]:
    with serving(*SERVE, "--role", "reader", DRONE_MCP_HTTP_TOKEN=TOKEN) as process:
        yield process


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "callers.yaml"
    path.write_text(callers(caller(DEV), caller(UI, "viewer"), caller(OWN, drone="caller")), encoding="utf-8")
    return path


@pytest.fixture
def many(file: Path) -> Callable[..., Any]:
    """Serve the callers of the file."""

    @contextmanager
    def run(**environment: str) -> Iterator[HttpProcess]:
        with serving(*SERVE, "--roles-from", str(file), **environment) as process:
            yield process

    return run


async def tools(process: HttpProcess, path: str, token: str, mode: Any = "auto", **headers: str) -> list[str]:
    async with process.client(path, mode, **bearer(token), **headers) as client:
        return [tool.name for tool in (await client.list_tools()).tools]


async def test_each_server_of_a_role_has_its_own_path(dev: HttpProcess, era: str) -> None:
    assert "drone_list_builds" in await tools(dev, "/builds/mcp", TOKEN, era)
    assert "drone_get_build_logs" in await tools(dev, "/logs/mcp", TOKEN, era)


def test_the_role_may_come_from_the_environment_as_in_a_role_s_image() -> None:
    with serving(*SERVE, AGENT_ROLE="viewer") as process:
        assert process.ask("/builds/mcp").status_code == 200
        assert process.ask("/logs/mcp").status_code == 404


def test_there_is_nothing_but_the_servers_of_the_role(dev: HttpProcess) -> None:
    for path in (
        "/actions/mcp",
        "/mcp",
        "/",
        "/builds",
        "/builds/mcp/x",
        "/BUILDS/mcp",
        "/builds/x/mcp",
        "/logs%2fmcp/x",
    ):
        assert dev.ask(path, **bearer(TOKEN)).status_code == 404, path
    assert dev.ask("/builds/mcp").status_code == 401


def test_a_drone_token_of_a_callers_own_is_refused_and_not_ignored(dev: HttpProcess) -> None:
    assert dev.ask("/builds/mcp", **bearer(TOKEN), **{"drone-token": "x" * 32}).status_code == 403


async def test_a_role_s_limits_hold_in_its_servers(tmp_path: Path) -> None:
    (tmp_path / "narrow.yaml").write_text(NARROW, encoding="utf-8")
    async with running_simulator("demo", socket=True) as drone:
        variables = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        with serving(*SERVE, "--role", "narrow", "--roles-dir", str(tmp_path), **variables) as process:
            assert await tools(process, "/builds/mcp", TOKEN) == ["drone_get_build"]
            async with process.client("/builds/mcp") as client:
                seen = await client.call_tool("drone_get_build", {"repo": "octo/hello"})
                unseen = await client.call_tool("drone_get_build", {"repo": "acme/web"})
            assert process.ask("/logs/mcp").status_code == 404
    assert not seen.is_error
    assert unseen.is_error
    assert "PERMISSION_DENIED" in str(unseen.content)


WIDER = NARROW.replace("[drone_get_build]", "[drone_get_build, drone_list_builds]").replace("octo", "acme")


async def test_a_changed_role_file_holds_from_the_next_request_on(tmp_path: Path) -> None:
    file = tmp_path / "narrow.yaml"
    file.write_text(NARROW, encoding="utf-8")
    async with running_simulator("demo", socket=True) as drone:
        variables = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        with serving(*SERVE, "--role", "narrow", "--roles-dir", str(tmp_path), **variables) as process:
            async with process.client("/builds/mcp") as client:
                assert not (await client.call_tool("drone_get_build", {"repo": "octo/hello"})).is_error
                file.write_text(WIDER, encoding="utf-8")
                refused = await client.call_tool("drone_get_build", {"repo": "octo/hello"})
            assert await tools(process, "/builds/mcp", TOKEN) == ["drone_list_builds", "drone_get_build"]
    assert "PERMISSION_DENIED" in str(refused.content)


def test_a_change_of_a_role_file_that_is_no_use_is_logged_and_the_role_stays(tmp_path: Path) -> None:
    file = tmp_path / "narrow.yaml"
    file.write_text(NARROW, encoding="utf-8")
    with serving(*SERVE, "--role", "narrow", "--roles-dir", str(tmp_path)) as process:
        for broken in (NARROW.replace("builds", "biulds"), NARROW.replace("drone_get_build", "drone_nothing")):
            file.write_text(broken, encoding="utf-8")
            assert process.ask("/builds/mcp").status_code == 200
        file.unlink()
        assert process.ask("/builds/mcp").status_code == 200
        process.process.terminate()
        status, errors = process.ending()
    assert status == 0
    assert errors.count("The role narrow stays as it was") == 3
    assert f"{file}:4" in errors
    assert "Traceback" not in errors


async def test_a_caller_gets_what_the_file_adds_to_their_role_and_no_other_caller_does(tmp_path: Path) -> None:
    added = {"with": "[logs, actions]", "ceiling": "reader"}
    file = tmp_path / "callers.yaml"
    file.write_text(callers(caller(DEV, "viewer", **added), caller(UI, "viewer")), encoding="utf-8")
    with serving(*SERVE, "--roles-from", str(file)) as process:
        assert "drone_get_build_logs" in await tools(process, "/logs/mcp", DEV)
        # The ceiling has no such server; whatever the caller asks for, it stays closed.
        assert process.ask("/actions/mcp", **bearer(DEV)).status_code == 404
        assert "drone_list_builds" in await tools(process, "/builds/mcp", UI)
        assert process.ask("/logs/mcp", **bearer(UI)).status_code == 404


@pytest.mark.parametrize(
    ("added", "reported"),
    [
        ({"with": "[logs]"}, "'with' and 'ceiling' go together"),
        ({"ceiling": "reader"}, "'with' and 'ceiling' go together"),
        ({"with": "[log]", "ceiling": "reader"}, "there is no such server"),
        ({"with": "[logs]", "ceiling": "nobody"}, "There is no role 'nobody'"),
    ],
)
def test_an_addition_that_cannot_be_made_stops_the_start(tmp_path: Path, added: dict[str, str], reported: str) -> None:
    file = tmp_path / "callers.yaml"
    file.write_text(callers(caller(DEV, "viewer", **added)), encoding="utf-8")
    command = [*warm_python(), "-m", *SERVE, "--roles-from", str(file)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (ended.returncode, reported in ended.stderr) == (2, True), ended.stderr


class Balancer(httpx2.AsyncBaseTransport):
    """Sends each request to the next process."""

    def __init__(self, *processes: HttpProcess) -> None:
        self.ports = itertools.cycle([int(process.url.rpartition(":")[2]) for process in processes])
        self.inner = httpx2.AsyncHTTPTransport()
        self.used: set[int] = set()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        port = next(self.ports)
        self.used.add(port)
        request.url = request.url.copy_with(port=port)
        return await self.inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self.inner.aclose()


async def test_replicas_need_no_stickiness(era: Any) -> None:
    async with running_simulator("demo", socket=True) as drone:
        serve = (*SERVE, "--role", "viewer")
        variables = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
        with serving(*serve, **variables) as one, serving(*serve, **variables) as other:
            balancer = Balancer(one, other)
            async with (
                httpx2.AsyncClient(transport=balancer, timeout=PATIENCE) as http,
                Client(streamable_http_client(f"{one.url}/builds/mcp", http_client=http), mode=era) as client,
            ):
                await client.list_tools()
                arguments: dict[str, Any] = {"repo": "octo/hello", "limit": 1}
                numbers: list[int] = []
                while arguments:
                    data = (await client.call_tool("drone_list_builds", arguments)).structured_content or {}
                    numbers += [build["number"] for build in data["builds"]]
                    arguments = arguments | {"cursor": data["cursor"]} if data.get("cursor") else {}
    assert numbers == [4, 3, 2, 1]
    assert len(balancer.used) == 2


@pytest.mark.parametrize(
    ("arguments", "variables", "said"),
    [
        ((), {}, "Serve what?"),
        (("--role", "nobody"), {}, "There is no role 'nobody'"),
        (("--role", "reader", "--roles-from", "x.yaml"), {}, "Serve what?"),
        (("--role", "reader", "--http", "0.0.0.0:0"), {}, "can be reached from other machines"),
        (("--role", "reader"), {"DRONE_SERVER": "drone.test"}, "did you mean https://drone.test"),
        (("--role", "reader"), {"DRONE_SERVER": ""}, "DRONE_SERVER is not set"),
        (("--role", "viewer"), {"DRONE_MCP_TOOLS": "drone_nothing"}, "DRONE_MCP_TOOLS names 'drone_nothing'"),
        (("--roles-from", "/nowhere.yaml"), {}, "/nowhere.yaml:1: the file cannot be read"),
    ],
)
def test_what_cannot_be_served_is_said_in_a_line(
    arguments: tuple[str, ...], variables: dict[str, str], said: str
) -> None:
    with started(*SERVE, *arguments, **variables) as process:
        assert process.wait(PATIENCE) == 2
        assert process.stderr
        errors = process.stderr.read()
    assert said in errors
    assert len(errors.splitlines()) == 1


async def test_each_caller_gets_the_servers_of_their_role_and_no_others(many: Any, era: str) -> None:
    with many() as process:
        assert "drone_get_build_logs" in await tools(process, "/logs/mcp", DEV, era)
        assert "drone_list_builds" in await tools(process, "/builds/mcp", UI, era)
        assert process.ask("/logs/mcp", **bearer(UI)).status_code == 404
        assert process.ask("/logs/mcp", **bearer("somebody-" + "x" * 32)).status_code == 401
        assert process.ask("/logs/mcp").status_code == 401
        assert process.ask("/logs/mcp", **bearer(hash_of(DEV))).status_code == 401


async def test_a_caller_with_a_drone_token_is_asked_for_it_and_drone_sees_them(many: Any, era: str) -> None:
    async with running_simulator("demo", socket=True) as drone:
        own, role = drone.token("dev"), drone.admin_token
        with many(DRONE_SERVER=drone.url, DRONE_TOKEN=role, DRONE_MCP_LOG_FORMAT="json") as process:
            assert process.ask("/builds/mcp", **bearer(OWN)).status_code == 400
            assert process.ask("/builds/mcp", **bearer(DEV), **{"drone-token": own}).status_code == 403
            for token, sent in ((OWN, {"drone-token": own}), (DEV, {})):
                async with process.client("/builds/mcp", era, **bearer(token), **sent) as client:
                    await client.call_tool("drone_get_build", {"repo": "octo/hello"})
            process.process.terminate()
            _, errors = await anyio.to_thread.run_sync(process.ending)
    assert {asked.user for asked in drone.asked} == {"dev", "admin"}
    records = [json.loads(line) for line in errors.splitlines() if line.startswith("{")]
    assert [record["caller"] for record in records if record.get("tool")] == ["own", "dev"]


@pytest.mark.parametrize("held", ["${TOKEN}", "{env:TOKEN}", "$TOKEN", ""])
def test_a_token_that_was_not_filled_in_is_refused_with_the_reason(many: Any, held: str) -> None:
    with many() as process:
        for header, sent in (
            ("Authorization", {"authorization": f"Bearer {held}".strip()}),
            ("Drone-Token", {**bearer(OWN), "drone-token": held}),
        ):
            answer = process.ask("/builds/mcp", **sent)
            said = answer.json()["error"]["message"]
            assert answer.status_code == 401
            assert said.startswith(f"The header {header} holds ")
            assert f"not filled in ({held})" in said if held else "no token" in said
            assert "Tell the user to set the variable" in said


def test_a_token_is_revoked_and_another_let_in_without_a_restart(many: Any, file: Path) -> None:
    fresh = "new-caller-" + "n" * 32
    with many() as process:
        assert process.ask("/builds/mcp", **bearer(DEV)).status_code == 200
        file.write_text(callers(caller(fresh)), encoding="utf-8")
        assert process.ask("/builds/mcp", **bearer(DEV)).status_code == 401
        assert process.ask("/builds/mcp", **bearer(fresh)).status_code == 200


def test_a_role_that_comes_later_and_cannot_be_served_is_said_to_be_so(many: Any, file: Path, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("x" * 32, encoding="ascii")
    file.write_text(callers(caller(OWN, drone="caller")), encoding="utf-8")
    with many(DRONE_TOKEN="", DRONE_TOKEN_FILE=str(token)) as process:
        token.unlink()
        file.write_text(callers(caller(OWN, "viewer")), encoding="utf-8")
        answer = process.ask("/builds/mcp", **bearer(OWN))
        process.process.terminate()
        _, errors = process.ending()
    assert answer.status_code == 503
    assert str(tmp_path) not in answer.text
    assert "The role viewer cannot be served: drone-builds: DRONE_TOKEN_FILE is" in errors
    assert "Traceback" not in errors


def test_a_change_that_is_no_use_locks_nobody_out_and_is_logged_without_what_it_holds(many: Any, file: Path) -> None:
    with many(DRONE_MCP_LOG_FORMAT="json") as process:
        file.write_text(callers({**caller(DEV), "token": "a-plain-secret-token-by-mistake"}), encoding="utf-8")
        assert process.ask("/builds/mcp", **bearer(DEV)).status_code == 200
        process.process.terminate()
        status, errors = process.ending()
    assert status == 0
    assert f"{file}:2" in errors
    assert "a-plain-secret" not in errors


def test_a_caller_who_asks_too_often_is_told_when_to_come_back(many: Any, file: Path) -> None:
    file.write_text(callers(caller(DEV, per_minute=2), caller(UI, "viewer")), encoding="utf-8")
    with many() as process:
        answers = [process.ask("/builds/mcp", **bearer(DEV)) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[2].headers["retry-after"]) <= 30
        assert process.ask("/builds/mcp", **bearer(UI)).status_code == 200


def test_no_token_is_in_a_log(many: Any) -> None:
    own = "drone-token-of-the-caller-" + "z" * 8
    with many(DRONE_MCP_LOG_LEVEL="debug", DRONE_MCP_LOG_FORMAT="json") as process:
        process.ask("/builds/mcp", **bearer(OWN), **{"drone-token": own})
        process.ask("/builds/mcp", **bearer(DEV))
        process.process.terminate()
        _, errors = process.ending()
    assert errors
    assert [secret for secret in (own, DEV, OWN, "x" * 32) if secret in errors] == []


GET_BUILD = json.dumps(
    {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "tools/call",
        "params": {"name": "drone_get_build", "arguments": {"repo": "octo/hello", "number": 1}},
    }
)


async def test_prometheus_reads_which_role_called_what_and_what_was_refused(tmp_path: Path) -> None:
    path = tmp_path / "callers.yaml"
    path.write_text(callers(caller(DEV), caller(UI, "viewer", per_minute=1)), encoding="utf-8")
    async with running_simulator("demo", socket=True) as drone:

        def work() -> dict[str, float]:
            environment = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
            command = (*SERVE, "--roles-from", str(path))
            with serving(*command, **environment, DRONE_MCP_METRICS_LISTEN="127.0.0.1:0") as process:
                for token in (DEV, UI, UI):
                    process.send("POST", "/builds/mcp", GET_BUILD, bearer(token))
                process.ask("/builds/mcp", **bearer("not a token at all"))
                return process.metrics()

        found = await anyio.to_thread.run_sync(work)
    tail = 'server="drone-builds",tool="drone_get_build"'
    for role in ("reader", "viewer"):
        assert found[f'drone_mcp_operations_total{{method="tools/call",outcome="ok",role="{role}",{tail}}}'] == 1
    assert found['drone_mcp_http_refusals_total{status="429"}'] == 1
    assert found['drone_mcp_http_refusals_total{status="401"}'] == 1
    assert found['drone_mcp_build_reads_total{source="drone"}'] == 2
    assert not any(token in name for token in (DEV, UI) for name in found)


async def test_a_trace_tells_the_role_and_whence_a_build_was_known_and_no_repository() -> None:
    async with running_simulator("demo", socket=True) as drone:

        def work() -> Collector:
            environment = {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.admin_token}
            with (
                collecting() as collector,
                serving(*SERVE, "--role", "reader", **environment, **collector.environment()) as process,
            ):
                for _ in range(2):
                    process.send("POST", "/builds/mcp", GET_BUILD, {})
                process.process.terminate()
                assert process.ending()[0] == 0
            return collector

        found: Collector = await anyio.to_thread.run_sync(work)
    calls = [span.facts for span in found.spans if span.name == "tools/call drone_get_build"]
    assert [facts["drone_mcp.state.source"] for facts in calls] == ["drone", "store"]
    assert {(facts["drone_mcp.role"], facts["drone_mcp.server"]) for facts in calls} == {("reader", "drone-builds")}
    assert not any(b"octo" in sent or b"hello" in sent for sent in found.raw)
    assert drone.admin_token.encode() not in b"".join(found.raw)
