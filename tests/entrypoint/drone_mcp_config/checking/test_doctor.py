from __future__ import annotations

import json
import os
import shutil
import sys
import time
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import respx

import drone_mcp_builds
from drone_mcp_config.checking import servers

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

FIXTURES = Path(__file__).parents[3] / "fixtures" / "drone-2.25.0"
DRONE = "http://127.0.0.1:8080"
TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"
USER = {"id": 1, "login": "octocat", "admin": True}
PAGE = "<!DOCTYPE html><html></html>"

SERVER = """\
import os, sys
from mcp.server.mcpserver import MCPServer

if os.environ.get("BREAK"):
    print("starting", file=sys.stderr)
    sys.exit("no luck today with " + os.environ["ACCESS_TOKEN"])
if os.environ.get("PIPE"):
    open(os.environ["PIPE"], os.environ["SIDE"]).close()  # once the other side is open, too
server = MCPServer("fake")


@server.tool()
def one() -> str:
    '''One.'''
    return ""


server.run()
"""


@pytest.fixture
def drone(monkeypatch: pytest.MonkeyPatch) -> Iterator[respx.MockRouter]:
    monkeypatch.setenv("DRONE_SERVER", DRONE)
    monkeypatch.setenv("DRONE_TOKEN", TOKEN)
    with respx.mock(assert_all_called=False) as router:
        date = {"Date": formatdate(time.time(), usegmt=True)}
        router.get(f"{DRONE}/version").respond(json={"version": "2.25.0"}, headers=date)
        router.head(f"{DRONE}/version").respond(headers=date)
        router.get(f"{DRONE}/api/user").respond(json=USER)
        router.get(f"{DRONE}/api/user/repos").respond(json=[])
        yield router


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "fake_server.py"
    path.write_text(SERVER, encoding="utf-8")
    return path


def checks(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(outcome.out)["checks"]}


def test_a_healthy_drone_passes(run: Run, drone: respx.MockRouter) -> None:
    outcome = run("doctor")
    assert outcome.code == 0
    assert "Drone 2.25.0 answers at http://127.0.0.1:8080" in outcome.out
    assert "it is octocat's, an administrator" in outcome.out
    assert "none started" in outcome.out
    sent = next(call.request for call in drone.calls if call.request.url.path == "/api/user")
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"


def test_the_token_is_sent_to_drone_and_never_printed(run: Run, drone: respx.MockRouter) -> None:
    drone.get(f"{DRONE}/api/user").respond(401, json={"message": "Unauthorized"})
    outcome = run("doctor")
    assert outcome.code == 1
    reported = outcome.out.partition("failed  token: ")[2]
    assert reported.startswith("Drone does not know this token\n        -> Take the token from the account page")
    assert TOKEN not in outcome.out + outcome.err


def test_json_says_the_same(run: Run, drone: respx.MockRouter) -> None:
    drone.get(f"{DRONE}/api/user").respond(401, json={"message": "Unauthorized"})
    outcome = run("doctor", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["ok"] is False
    assert checks(outcome)["token"]["status"] == "failed"
    assert checks(outcome)["address"]["status"] == "ok"


def test_without_a_server_it_says_what_to_set(run: Run) -> None:
    outcome = run("doctor")
    assert outcome.code == 1
    assert "DRONE_SERVER is not set" in outcome.out


def test_without_a_token_it_says_where_to_find_one(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DRONE_TOKEN")
    outcome = run("doctor")
    assert outcome.code == 1
    assert "account page" in outcome.out
    assert not [call for call in drone.calls if call.request.url.path == "/api/user"]


def test_a_web_page_means_a_wrong_address(run: Run, drone: respx.MockRouter) -> None:
    drone.get(f"{DRONE}/version").respond(html=PAGE)
    outcome = run("doctor", "--json")
    assert outcome.code == 1
    found = checks(outcome)
    assert "web page" in found["address"]["detail"]
    assert "DRONE_SERVER" in found["address"]["fix"]
    assert "token" not in found


def test_no_connection_is_reported(run: Run, drone: respx.MockRouter) -> None:
    drone.get(f"{DRONE}/version").mock(side_effect=httpx.ConnectError("refused"))
    outcome = run("doctor", "--json")
    assert outcome.code == 1
    assert checks(outcome)["address"]["fix"].startswith("Check DRONE_SERVER, the network")


@pytest.mark.parametrize(("offset", "words"), [(3600, "ahead of"), (-3600, "behind")])
def test_a_clock_that_is_off_is_warned_of(run: Run, drone: respx.MockRouter, offset: int, words: str) -> None:
    drone.head(f"{DRONE}/version").respond(headers={"Date": formatdate(time.time() + offset, usegmt=True)})
    outcome = run("doctor", "--json")
    assert outcome.code == 0
    assert checks(outcome)["clock"]["status"] == "warning"
    assert words in checks(outcome)["clock"]["detail"]


def test_a_server_without_a_clock_is_no_fault(run: Run, drone: respx.MockRouter) -> None:
    drone.head(f"{DRONE}/version").respond()
    assert checks(run("doctor", "--json"))["clock"]["status"] == "skipped"


def test_plain_http_to_another_machine_is_warned_of(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRONE_SERVER", "http://drone.test")
    drone.get("http://drone.test/version").respond(json={"version": "2.25.0"})
    drone.head("http://drone.test/version").respond()
    drone.get("http://drone.test/api/user").respond(json=USER)
    drone.get("http://drone.test/api/user/repos").respond(json=[])
    outcome = run("doctor", "--json")
    assert outcome.code == 0
    assert checks(outcome)["encryption"]["status"] == "warning"


def test_a_token_file_that_others_can_read_is_warned_of(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN, encoding="ascii")
    file.chmod(0o644)
    monkeypatch.delenv("DRONE_TOKEN")
    monkeypatch.setenv("DRONE_TOKEN_FILE", str(file))
    outcome = run("doctor", "--json")
    assert outcome.code == 0
    assert checks(outcome)["token file"]["fix"] == f"chmod 600 {file}"
    assert {call.request.headers.get("Authorization") for call in drone.calls} == {None, f"Bearer {TOKEN}"}


def role_with(script: Path, extra: str = "") -> str:
    return f"role: r\nexternal:\n  fake: {{command: {sys.executable}, args: [{script}]{extra}}}\n"


@pytest.mark.usefixtures("drone")
def test_a_server_is_started_and_asked_for_its_tools(run: Run, roles_dir: Callable[..., Path], script: Path) -> None:
    outcome = run("doctor", "--json", "--role", "r", "--roles-dir", str(roles_dir(r=role_with(script))))
    found = checks(outcome)["fake"]
    assert (outcome.code, found["status"], found["detail"]) == (0, "ok", "started, 1 tool")
    assert found["seconds"] > 0


@pytest.mark.usefixtures("drone")
def test_several_servers_are_checked_at_once_and_reported_in_the_order_of_the_role(
    run: Run, roles_dir: Callable[..., Path], script: Path, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "pipe")  # each of the two starts only if the other one does
    entries = "".join(
        f"  {name}: {{command: {sys.executable}, args: [{script}], env: {{PIPE: {tmp_path}/pipe, SIDE: {side}}}}}\n"
        for name, side in {"second": "r", "first": "w"}.items()
    )
    outcome = run("doctor", "--json", "--role", "r", "--roles-dir", str(roles_dir(r=f"role: r\nexternal:\n{entries}")))
    found = checks(outcome)
    assert (outcome.code, found["first"]["detail"], found["second"]["detail"]) == (
        0,
        "started, 1 tool",
        "started, 1 tool",
    )
    assert [name for name in found if name in {"first", "second"}] == ["second", "first"]


@pytest.mark.usefixtures("drone")
def test_what_a_broken_server_says_is_passed_on_without_its_secrets(
    run: Run, roles_dir: Callable[..., Path], script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_TOKEN", "correct horse battery")
    role = role_with(script, ', env: {BREAK: "1", ACCESS_TOKEN: "${MY_TOKEN}"}')
    outcome = run("doctor", "--role", "r", "--roles-dir", str(roles_dir(r=role)))
    assert outcome.code == 1
    assert "failed  fake: it did not start: no luck today with [redacted]" in outcome.out
    assert "correct horse" not in outcome.out


INSIDE = {
    "DRONE_MCP_STATE": "redis://:Zt7Wm3Kc5Rb9Xv/q8==@127.0.0.1:1/0",
    "HTTP_PROXY": "http://me:Zt7Wm3Kc5Rb9Xv@127.0.0.1:1",
    "ALL_PROXY": "socks5://me:Zt7Wm3Kc5Rb9Xv@127.0.0.1:1",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://me:Zt7Wm3Kc5Rb9Xv/x@127.0.0.1:1",
    "OTEL_EXPORTER_OTLP_HEADERS": "api-key=Zt7Wm3Kc5Rb9Xv",
    "DRONE_MCP_AUDIT_LOG": "https://me:Zt7Wm3Kc5Rb9Xv@127.0.0.1:1",
}


@pytest.mark.usefixtures("drone")
@pytest.mark.parametrize("variable", INSIDE)
def test_a_secret_inside_a_variable_is_quoted_by_no_check(
    run: Run, roles_dir: Callable[..., Path], script: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, INSIDE[variable])
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    script.write_text(f"import os, sys; sys.exit('no luck with ' + os.environ['{variable}'])", encoding="utf-8")
    role = role_with(script, f', env: {{{variable}: "${{{variable}}}"}}')
    outcome = run("doctor", "--role", "r", "--roles-dir", str(roles_dir(r=role)))
    assert "fake: it did not start: no luck with " in outcome.out
    assert "Zt7Wm3" not in outcome.out + outcome.err
    as_json = run("doctor", "--json", "--role", "r", "--roles-dir", str(roles_dir(r=role)))
    assert checks(as_json)["fake"]["status"] == "failed"
    assert "Zt7Wm3" not in as_json.out + as_json.err


@pytest.mark.usefixtures("drone")
def test_a_server_that_never_answers_is_given_up(
    run: Run, roles_dir: Callable[..., Path], script: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(servers, "PATIENCE", 0.1)
    script.write_text("import signal; signal.pause()", encoding="utf-8")
    outcome = run("doctor", "--json", "--role", "r", "--roles-dir", str(roles_dir(r=role_with(script))))
    assert checks(outcome)["fake"]["detail"] == "it did not start (no answer within 0.1 s)"


@pytest.mark.usefixtures("drone")
def test_a_variable_that_is_missing_is_named(run: Run, roles_dir: Callable[..., Path], script: Path) -> None:
    role = role_with(script, ', env: {ACCESS_TOKEN: "${MY_TOKEN}"}')
    outcome = run("doctor", "--json", "--role", "r", "--roles-dir", str(roles_dir(r=role)))
    assert outcome.code == 1
    assert checks(outcome)["fake"]["fix"] == "Set MY_TOKEN where the client is started"


@pytest.mark.usefixtures("drone")
def test_a_program_that_is_not_there_is_reported(run: Run, roles_dir: Callable[..., Path]) -> None:
    role = "role: r\nexternal:\n  fake: {command: no-such-program-anywhere}\n  far: {url: 'https://far.test'}\n"
    outcome = run("doctor", "--json", "--role", "r", "--roles-dir", str(roles_dir(r=role)))
    assert outcome.code == 1
    assert checks(outcome)["fake"]["detail"] == "there is no program 'no-such-program-anywhere'"
    assert checks(outcome)["far"]["status"] == "skipped"


@pytest.mark.usefixtures("drone")
def test_a_server_of_ours_has_to_offer_the_tools_that_its_manifest_promises(run: Run, fake_packages: Path) -> None:
    file = fake_packages / "fake_mcp_builds" / "manifest.json"
    promised = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**promised, "module": "drone_mcp_policy"}), encoding="utf-8")
    outcome = run("doctor", "--json", "--role", "viewer")
    assert outcome.code == 1
    differing = "drone_evaluate_build, drone_explain_policy, drone_get_build, drone_list_builds"
    assert f"({differing})" in checks(outcome)["drone-builds"]["detail"]


@pytest.mark.usefixtures("drone")
@pytest.mark.parametrize("repos", ["octo/*", "nonsense"])
def test_a_server_of_ours_is_called_once_and_says_what_is_wrong_with_its_environment(
    run: Run, fake_packages: Path, monkeypatch: pytest.MonkeyPatch, repos: str
) -> None:
    real = Path(drone_mcp_builds.__file__).parent / "manifest.json"
    shutil.copy(real, fake_packages / "fake_mcp_builds" / "manifest.json")
    monkeypatch.setenv("DRONE_MCP_REPOS", repos)
    outcome = run("doctor", "--json", "--role", "viewer")
    found = checks(outcome)["drone-builds"]
    if repos == "octo/*":
        assert (outcome.code, found["detail"]) == (0, "started, 5 tools")
    else:
        assert (outcome.code, found["status"]) == (1, "failed")
        assert found["detail"].startswith("started, but no call can work: DRONE_MCP_REPOS is 'nonsense'")


@pytest.mark.usefixtures("drone")
def test_a_server_that_is_added_is_started_and_one_that_cannot_be_is_named(
    run: Run, fake_packages: Path, roles_dir: Callable[..., Path], script: Path
) -> None:
    real = Path(drone_mcp_builds.__file__).parent / "manifest.json"
    shutil.copy(real, fake_packages / "fake_mcp_builds" / "manifest.json")
    folder = roles_dir(own=f"role: own\nexternal:\n  fake: {{command: {sys.executable}, args: [{script}]}}\n")
    options = ("--roles-dir", str(folder), "--with", "builds", "--with", "logs", "--ceiling", "viewer")
    outcome = run("doctor", "--json", "--role", "own", *options)
    found = checks(outcome)
    assert (outcome.code, found["drone-builds"]["detail"]) == (0, "started, 5 tools")
    assert (found["role"]["status"], found["role"]["detail"]) == (
        "warning",
        "not added: logs: the role 'viewer' has no such server",
    )


@pytest.mark.usefixtures("drone")
def test_an_invalid_role_is_wrong_usage(run: Run) -> None:
    assert run("doctor", "--role", "nope").code == 2
    assert run("doctor", "--with", "builds", "--ceiling", "viewer").code == 2
