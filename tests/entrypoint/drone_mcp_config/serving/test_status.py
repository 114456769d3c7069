"""Who may see the status page of a served role, and what of it."""

from __future__ import annotations

import base64
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from drone_mcp_client.models import Build
from drone_mcp_config.serving.callers import hash_of
from drone_mcp_state import open_store
from support.http_process import PLAIN, serving, started
from support.made_builds import failing_build
from support.patience import PATIENCE
from support.simulator import running_simulator

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from support.http_process import HttpProcess
    from support.simulator import SimulatorHandle

EVERY = "0.0.0.0"  # noqa: S104 - for a moment, and with a token
TOKEN = "a-token-of-the-tests-for-callers"
OTHER, OWN = "other-caller-" + "d" * 32, "own-caller-" + "o" * 32
ROLES = {
    "wide": "role: wide\nservers:\n  builds: {}\n",
    "narrow": 'role: narrow\nrepos: ["octo/hello"]\nservers:\n  builds: {}\n',
}


def serve(folder: Path, *options: str) -> tuple[str, ...]:
    for name, text in ROLES.items():
        (folder / f"{name}.yaml").write_text(text, encoding="utf-8")
    return ("drone_mcp_config", "serve", "--http", "127.0.0.1:0", "--roles-dir", str(folder), *options)


@asynccontextmanager
async def known_builds(folder: Path, login: str = "dev") -> AsyncIterator[tuple[SimulatorHandle, dict[str, str]]]:
    """Run a Drone, with a store that holds a red build of each repository, and one that Drone does not have."""
    async with running_simulator("demo", socket=True) as drone:
        state = f"sqlite://{folder}/state.db"
        async with open_store(state, drone.url) as store:
            for slug, repo_id in (("octo/hello", 1), ("octo/payments", 2), ("acme/secret", 3)):
                now = drone.world.now()
                build = failing_build(41, repo_id=repo_id, created=int(now), title=f"Of {slug}")
                await store.apply(slug, Build.model_validate(build), source="webhook", at=now)
        ids = {slug: repo.id for slug, repo in drone.world.repos.items()}
        assert ids == {"octo/hello": 1, "octo/payments": 2}
        yield drone, {"DRONE_SERVER": drone.url, "DRONE_TOKEN": drone.token(login), "DRONE_MCP_STATE": state}


def page(process: HttpProcess, method: str = "GET", path: str = "", **headers: str) -> httpx.Response:
    with httpx.Client(trust_env=False, verify=PLAIN, timeout=PATIENCE) as http:
        return http.request(method, process.told["status"] + path, headers=headers)


async def ask(process: HttpProcess, **headers: str) -> httpx.Response:
    # In a thread: the simulator answers in this one.
    return await anyio.to_thread.run_sync(lambda: page(process, **headers))


def basic(token: str) -> dict[str, str]:
    return {"authorization": f"Basic {base64.b64encode(f'anyone:{token}'.encode()).decode()}"}


async def test_a_role_s_page_shows_the_repositories_that_its_token_reads_now(tmp_path: Path) -> None:
    async with known_builds(tmp_path) as (_, env):
        with serving(*serve(tmp_path), "--role", "wide", "--status", "127.0.0.1:0", **env) as process:
            text = (await ask(process)).text
    assert "octo/hello #41" in text
    assert "octo/payments #41" in text
    assert "acme/secret" not in text


async def test_it_shows_nothing_outside_the_scope_of_the_role(tmp_path: Path) -> None:
    async with known_builds(tmp_path) as (_, env):
        with serving(*serve(tmp_path), "--role", "narrow", "--status", "127.0.0.1:0", **env) as process:
            text = (await ask(process)).text
    assert "octo/hello #41" in text
    assert "octo/payments" not in text


async def test_a_private_repository_is_not_shown_to_a_token_that_may_not_read_it(tmp_path: Path) -> None:
    async with known_builds(tmp_path, "robot") as (_, env):
        with serving(*serve(tmp_path), "--role", "wide", "--status", "127.0.0.1:0", **env) as process:
            text = (await ask(process)).text
    assert "octo/payments" not in text


async def test_while_drone_does_not_answer_no_build_is_shown_and_the_page_says_why(tmp_path: Path) -> None:
    async with known_builds(tmp_path) as (drone, env):
        drone.break_with("status", status=500)
        env["DRONE_MCP_RETRIES"] = "0"
        with serving(*serve(tmp_path), "--role", "wide", "--status", "127.0.0.1:0", **env) as process:
            text = (await ask(process)).text
    assert "#41" not in text
    assert "Drone does not say which repositories this role may see" in text
    assert 'class="warning">Nothing red' in text


def test_without_a_store_the_page_says_how_builds_get_there(tmp_path: Path) -> None:
    with serving(*serve(tmp_path), "--role", "wide", "--status", "127.0.0.1:0") as process:
        text = page(process).text
    assert "Builds unknown" in text
    assert "DRONE_MCP_STATE" in text


def test_where_callers_send_a_token_the_page_takes_the_same_one(tmp_path: Path) -> None:
    command = (*serve(tmp_path), "--role", "wide", "--status", "127.0.0.1:0")
    with serving(*command, DRONE_MCP_HTTP_TOKEN=TOKEN) as process:
        refused = page(process)
        statuses = [
            page(process, **headers).status_code
            for headers in (basic(TOKEN), {"authorization": f"Bearer {TOKEN}"}, basic("wrong" * 8), basic(""))
        ]
        odd = [page(process, authorization=text).status_code for text in ("Basic", "Basic ***", "Basic eA==", "x y")]
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Basic realm=")
    assert statuses == [200, 200, 401, 401]
    assert odd == [401] * 4


async def test_each_caller_sees_the_page_of_their_role(tmp_path: Path) -> None:
    entries = [("one", "wide", TOKEN, "role"), ("two", "narrow", OTHER, "role"), ("three", "wide", OWN, "caller")]
    lines = [
        f'  - {{name: {name}, role: {role}, token: "{hash_of(token)}", drone: {drone}}}\n'
        for name, role, token, drone in entries
    ]
    (tmp_path / "callers.yaml").write_text("callers:\n" + "".join(lines), encoding="utf-8")
    options = ("--roles-from", str(tmp_path / "callers.yaml"), "--status", "127.0.0.1:0")
    async with known_builds(tmp_path) as (_, env):
        with serving(*serve(tmp_path), *options, **env) as process:
            wide, narrow = [(await ask(process, **basic(token))).text for token in (TOKEN, OTHER)]
            unknown = (await ask(process, **basic("nobody-" + "x" * 32))).status_code
            own = await ask(process, **basic(OWN), **{"Drone-Token": "x" * 32})
    assert "role wide" in wide
    assert "octo/payments #41" in wide
    assert "role narrow" in narrow
    assert "octo/payments" not in narrow
    assert unknown == 401
    assert own.status_code == 403


@pytest.mark.parametrize(
    ("address", "variables", "said"),
    [
        ("0.0.0.0:0", {}, "can be reached from other machines"),
        ("nowhere", {}, "is not an address to listen on"),
    ],
)
def test_without_tokens_of_callers_only_this_machine_may_reach_it(
    tmp_path: Path, address: str, variables: dict[str, str], said: str
) -> None:
    with started(*serve(tmp_path), "--role", "wide", "--status", address, **variables) as process:
        assert process.wait(PATIENCE) == 2
        assert process.stderr
        errors = process.stderr.read()
    assert said in errors
    assert len(errors.splitlines()) == 1


def test_it_answers_nothing_but_a_get_of_its_one_page_for_its_own_names(tmp_path: Path) -> None:
    with serving(*serve(tmp_path), "--role", "wide", "--status", "127.0.0.1:0") as process:
        shown = page(process)
        statuses = {
            "other path": page(process, path="mcp").status_code,
            "post": page(process, "POST").status_code,
            "other host": page(process, host="evil.example.com").status_code,
            "other origin": page(process, origin="https://evil.example.com").status_code,
        }
        calls: Any = json.loads(json.dumps(process.told))
    assert statuses == {"other path": 404, "post": 405, "other host": 421, "other origin": 403}
    assert shown.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in shown.headers["content-security-policy"]
    assert set(calls) == {"url", "status"}


def test_at_an_address_of_the_network_it_has_the_names_that_are_set_and_no_others(tmp_path: Path) -> None:
    command = (*serve(tmp_path), "--role", "wide", "--status", f"{EVERY}:0")
    with serving(*command, DRONE_MCP_HTTP_TOKEN=TOKEN, DRONE_MCP_HTTP_HOSTS="status.example.com") as process:
        process.told["status"] = process.told["status"].replace(EVERY, "127.0.0.1")
        statuses = {
            host: page(process, host=host, **basic(TOKEN)).status_code
            for host in ("status.example.com", "127.0.0.1", EVERY, "other.example.com")
        }
        without_token = page(process, host="status.example.com").status_code
    assert statuses == {"status.example.com": 200, "127.0.0.1": 200, EVERY: 421, "other.example.com": 421}
    assert without_token == 401


def test_without_the_option_there_is_no_page(tmp_path: Path) -> None:
    with serving(*serve(tmp_path), "--role", "wide") as process:
        assert set(process.told) == {"url"}
        assert process.ask("/", "GET").status_code == 404
