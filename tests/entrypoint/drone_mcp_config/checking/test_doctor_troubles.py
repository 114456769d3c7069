"""What `drone-mcp-config doctor` says of everything that a role needs, before real sockets, files and stores."""

from __future__ import annotations

import json
import sys
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import anyio
import anyio.to_thread
import pytest
import respx

from drone_mcp_build.access import client_options
from drone_mcp_build.settings import Settings
from drone_mcp_client.client import DroneClient
from drone_mcp_client.errors import ServiceError
from support.made_up_servers import DRONE_MANIFESTS, DRONES, install, manifest
from support.ports import free_port
from support.raw_server import RawServer, certificate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

DRONE = "http://127.0.0.1:8080"
GO_OVER_TLS = b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n"
VERSION = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 20\r\n\r\n{"version":"2.25.0"}'
NOBODY = "http://127.0.0.1:1"
GUARDED = "role: g\nservers:\n  builds: {{}}\n  actions: {{mode: {}, guard: {{repos: [octo/*], audit: '{}'}}}}\n"


class BluntServer(RawServer):
    """Answers whatever comes first, be it a request or not."""

    async def _head(self, stream: Any) -> bytes:
        try:
            return bytes(await stream.receive())
        except (anyio.EndOfStream, anyio.BrokenResourceError):
            return b""


@pytest.fixture
def drone(monkeypatch: pytest.MonkeyPatch) -> respx.MockRouter:
    """A Drone whose user sees three repositories, two of them enabled."""
    monkeypatch.setenv("DRONE_SERVER", DRONE)
    monkeypatch.setenv("DRONE_TOKEN", "a-token")
    names = {"hello": True, "world": True, "attic": False}
    repos = [{"namespace": "octo", "name": name, "slug": f"octo/{name}", "active": on} for name, on in names.items()]
    router = respx.MockRouter(assert_all_called=False)
    date = {"Date": formatdate(time.time(), usegmt=True)}
    router.get(f"{DRONE}/version").respond(json={"version": "2.25.0"}, headers=date)
    router.head(f"{DRONE}/version").respond(headers=date)
    router.get(f"{DRONE}/api/user").respond(json={"id": 1, "login": "octocat", "admin": False})
    router.get(f"{DRONE}/api/user/repos").respond(json=repos)
    for repo in repos:
        router.get(f"{DRONE}/api/repos/{repo['slug']}").respond(json=repo)
    router.get(f"{DRONE}/api/repos/octo/helo").respond(404, json={"message": "Not Found"})
    router.get(f"{DRONE}/api/repos/none/such").respond(404, json={"message": "Not Found"})
    router.route().pass_through()
    return router


def found(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in json.loads(outcome.out)["checks"]}


TROUBLES: dict[str, tuple[str, bytes, bool, str]] = {
    "a certificate of an authority of one's own": ("https", VERSION, True, "DRONE_MCP_CA_FILE"),
    "https to a port without TLS": ("https", VERSION, False, "Set DRONE_SERVER to http://127.0.0.1:"),
    "http to a port with TLS": ("http", VERSION, True, "DRONE_SERVER may have to begin with https://"),
    "http to a port with TLS, of Go": ("http", GO_OVER_TLS, False, "Let DRONE_SERVER begin with https://"),
    "a server that hangs up": ("http", b"", False, "DRONE_SERVER may have to begin with https://"),
    "a redirect": (
        "http",
        b"HTTP/1.1 301 Moved\r\nLocation: https://drone.test/version\r\nContent-Length: 0\r\n\r\n",
        False,
        "Set DRONE_SERVER to the address that Drone itself answers at",
    ),
    "a web page": (
        "http",
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
        False,
        "a sign-in page",
    ),
}


@pytest.mark.anyio
@pytest.mark.parametrize(("scheme", "answer", "encrypted", "hint"), TROUBLES.values(), ids=TROUBLES)
async def test_the_next_step_is_the_one_that_the_tools_would_name(
    run: Run,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    scheme: str,
    answer: bytes,
    encrypted: bool,
    hint: str,
) -> None:
    context = certificate(tmp_path)[0] if encrypted else None
    async with BluntServer(answer).listening(context) as server:
        address = f"{scheme}://127.0.0.1:{server.port}"
        monkeypatch.setenv("DRONE_SERVER", address)
        monkeypatch.setenv("DRONE_TOKEN", "a-token")
        outcome = await anyio.to_thread.run_sync(lambda: run("doctor", "--json"))
        settings = Settings.from_environment({"DRONE_SERVER": address, "DRONE_TOKEN": "a-token"})
        async with DroneClient(client_options(settings, settings.token, None, retries=0)) as client:
            with pytest.raises(ServiceError) as caught:
                await client.version()
    check = found(outcome)["address"]
    assert outcome.code == 1
    assert hint in check["fix"]
    assert check["fix"] == caught.value.next_step


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "all_proxy"])
@pytest.mark.anyio
async def test_no_proxy_is_asked_for_a_drone_on_this_machine(
    run: Run, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    date = b"HTTP/1.1 200 OK\r\nDate: " + formatdate(time.time(), usegmt=True).encode()
    answer = VERSION.replace(b"HTTP/1.1 200 OK", date)
    async with RawServer(answer).listening() as server:
        monkeypatch.setenv("DRONE_SERVER", f"http://127.0.0.1:{server.port}")
        monkeypatch.setenv("DRONE_TOKEN", "a-token")
        monkeypatch.setenv(name, NOBODY)
        outcome = await anyio.to_thread.run_sync(lambda: run("doctor", "--json"))
    assert found(outcome)["address"]["status"] == "ok"
    assert found(outcome)["clock"]["status"] == "ok"


def test_it_says_what_the_token_sees_and_ends_with_a_sum(run: Run, drone: respx.MockRouter) -> None:
    with drone:
        outcome = run("doctor")
    assert outcome.code == 0
    assert "it is octocat's, no administrator, and sees 3 repositories, 2 enabled" in outcome.out
    assert outcome.out.endswith("\n5 checks: 4 ok, 1 skipped.\n")
    with drone:
        assert json.loads(run("doctor", "--json").out)["counts"] == {"ok": 4, "skipped": 1}


def test_a_role_that_sees_no_repository_is_warned_of(
    run: Run, drone: respx.MockRouter, roles_dir: Callable[..., Path]
) -> None:
    folder = str(roles_dir(r="role: r\nrepos: [other/*]\nservers: {builds: {}}\n"))
    with drone:
        check = found(run("doctor", "--json", "--role", "r", "--roles-dir", folder))["token"]
    assert check["status"] == "warning"
    assert "sees 0 repositories of this role, 0 enabled" in check["detail"]


@pytest.mark.parametrize(
    ("repo", "status", "words"),
    [
        ("octo/hello", "ok", "octo/hello can be read"),
        ("octo/attic", "warning", "octo/attic is not enabled in Drone"),
        ("octo/helo", "failed", "Did you mean 'octo/hello'? Correct DRONE_REPO"),
        ("none/such", "failed", "Correct DRONE_REPO. Check"),
    ],
)
def test_the_default_repository_is_read(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, repo: str, status: str, words: str
) -> None:
    monkeypatch.setenv("DRONE_REPO", repo)
    with drone:
        check = found(run("doctor", "--json"))["repository"]
    assert check["status"] == status
    assert words in f"{check['detail']} {check['fix']}"


def test_the_tokens_that_the_role_names_are_tried_and_no_others(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch, roles_dir: Callable[..., Path]
) -> None:
    monkeypatch.delenv("DRONE_TOKEN")
    monkeypatch.setenv("READS", "a-token")
    role = "role: r\nservers:\n  builds: {{token: READS}}\n  logs: {{token: READS}}\n{}"
    writes = "  actions: {mode: on, token: WRITES, guard: {repos: [octo/*]}}\n"
    folder = roles_dir(r=role.format(""), w=f"role: w\nservers:\n{writes}")
    with drone:
        checks = found(run("doctor", "--json", "--role", "r", "--roles-dir", str(folder)))
        assert checks["READS"]["status"] == "ok"
        assert "token" not in checks
        checks = found(run("doctor", "--json", "--role", "w", "--roles-dir", str(folder)))
    assert checks["WRITES"]["detail"] == "neither WRITES nor WRITES_FILE is set"
    assert "token" in checks


STATES = {
    "a Redis that does not listen": (
        f"redis://:{{secret}}@127.0.0.1:{free_port()}/0",
        "failed",
        "Redis cannot be reached",
    ),
    "a folder that is not there": ("sqlite:///no/such/folder/state.db", "failed", "cannot be used"),
    "a file": ("sqlite://{folder}/state.db", "ok", "it can be written"),
}


@pytest.mark.parametrize(("url", "status", "words"), STATES.values(), ids=STATES)
def test_the_store_is_written_to(
    run: Run,
    drone: respx.MockRouter,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    url: str,
    status: str,
    words: str,
) -> None:
    secret = "correct-horse-battery"
    monkeypatch.setenv("DRONE_MCP_STATE", url.format(folder=tmp_path, secret=secret))
    with drone:
        outcome = run("doctor", "--json")
    check = found(outcome)["state"]
    assert (outcome.code, check["status"]) == (1 if status == "failed" else 0, status)
    assert words in check["detail"]
    assert secret not in outcome.out + outcome.err


def test_a_redis_without_its_client_is_reported(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRONE_MCP_STATE", "redis://127.0.0.1:1/0")
    monkeypatch.delitem(sys.modules, "drone_mcp_state.redis_store", raising=False)
    monkeypatch.setitem(sys.modules, "redis", None)
    for name in [name for name in sys.modules if name.startswith(("redis.", "ci_mcp_kit.redis_client"))]:
        monkeypatch.delitem(sys.modules, name)
    with drone:
        outcome = run("doctor", "--json")
    assert outcome.code == 1
    assert "pip install 'drone-mcp[redis]'" in outcome.out


@pytest.mark.skipif(sys.platform == "win32", reason="a path of another kind")
@pytest.mark.parametrize("mode", ["off", "dry-run"])
@pytest.mark.parametrize(
    ("place", "status"),
    [
        ("/no/such/folder/audit.jsonl", "failed"),
        ("{folder}/audit.jsonl", "ok"),
        ("{folder}", "failed"),
        (NOBODY, "failed"),
    ],
)
def test_the_place_of_audit_lines_is_tried_where_they_are_written(
    run: Run,
    drone: respx.MockRouter,
    roles_dir: Callable[..., Path],
    tmp_path: Path,
    place: str,
    status: str,
    mode: str,
) -> None:
    folder = str(roles_dir(g=GUARDED.format(mode, place.format(folder=tmp_path))))
    with drone:
        checks = found(run("doctor", "--json", "--role", "g", "--roles-dir", folder))
    if mode == "off":
        assert "audit log" not in checks
    else:
        assert checks["audit log"]["status"] == status, checks["audit log"]
    assert not (tmp_path / "audit.jsonl").exists()


def test_a_collector_that_is_away_is_warned_of(
    run: Run, drone: respx.MockRouter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", NOBODY)
    with drone:
        checks = found(run("doctor", "--json", "--role", "viewer"))
    assert checks["telemetry"]["status"] == "warning"
    assert "nothing answers" in checks["telemetry"]["detail"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("HTTPS_PROXY", value) for value in ("http://[", "nonsense", "http://a:b@:x")),
        *(("NO_PROXY", value) for value in ("::1/128", "[", "*")),
        *(("SSL_CERT_FILE", value) for value in ("/no/such/file", "/")),
        *(("OTEL_EXPORTER_OTLP_ENDPOINT", value) for value in ("htp:/x", "http://[", "")),
        *(("DRONE_MCP_AUDIT_LOG", value) for value in ("http://127.0.0.1:1", "https://[", "relative")),
    ],
)
@pytest.mark.parametrize("where", [(), ("--transport", "http", "--url", "https://nowhere.invalid")])
def test_every_value_of_the_environment_ends_in_a_sum(
    run: Run,
    drone: respx.MockRouter,
    monkeypatch: pytest.MonkeyPatch,
    where: tuple[str, ...],
    variable: str,
    value: str,
) -> None:
    monkeypatch.setenv(variable, value)
    monkeypatch.setenv("DRONE_MCP_HTTP_TOKEN", "a-token")
    with drone:
        outcome = run("doctor", "--role", "operator", *where)
    assert " checks: " in outcome.out.splitlines()[-1]
    assert outcome.err == ""


METRICS = {"name": "Metrics", "address": "METRICS_SERVER", "token": "METRICS_TOKEN", "optional": True}
TRACES = {"name": "Traces", "address": "TRACES_SERVER", "token": "TRACES_TOKEN", "optional": True}
WATCHED = "role: w\nservers:\n  builds: {}\n  watch: {}\n"


@pytest.mark.parametrize("limit", ["", "repos: [octo/*]\n"])
def test_an_optional_service_is_asked_where_it_is_set_and_named_where_it_is_not(
    run: Run,
    drone: respx.MockRouter,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    roles_dir: Callable[..., Path],
    limit: str,
) -> None:
    watch = manifest("drone", "watch", ["drone_watch"], services=[DRONES, METRICS, TRACES])
    install(monkeypatch, tmp_path / "watched", {**DRONE_MANIFESTS, "watch": watch})
    folder = str(roles_dir(w=WATCHED + limit))
    monkeypatch.setenv("METRICS_SERVER", NOBODY)
    with drone:
        away = found(run("doctor", "--json", "--role", "w", "--roles-dir", folder))
        monkeypatch.setenv("METRICS_SERVER", f"{DRONE}/version")  # any address that answers
        there = found(run("doctor", "--json", "--role", "w", "--roles-dir", folder))
    if limit:  # a role that is limited to repositories does without what knows none
        assert not {"Metrics", "monitoring"} & (away.keys() | there.keys())
        return
    assert (away["Metrics"]["status"], there["Metrics"]["status"]) == ("warning", "ok"), there["Metrics"]
    assert "METRICS_SERVER" in away["Metrics"]["fix"]
    assert (there["monitoring"]["status"], there["monitoring"]["fix"]) == (
        "skipped",
        "Set TRACES_SERVER for the tools that ask it",
    )
