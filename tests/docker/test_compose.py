"""`docker compose up`: the file is what the specification allows, and the stack that it describes works."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import jsonschema
import pytest
import yaml

from drone_mcp_state import open_store
from support import installed
from support.compose import DOCKER, PORTS, ROLE_PORT, Stack, example_environment, services
from support.http_process import bearer, mcp_client
from support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.checkout

TEXT = (DOCKER / "compose.yaml").read_text(encoding="utf-8")
FILE = yaml.safe_load(TEXT)
SERVICES = FILE["services"]
OURS = {name: service for name, service in SERVICES.items() if name != "redis"}
# The stack is Drone's: what needs another service is not in it.
ROLES = [role for role in installed.ROLES if installed.services_of(role) == {"Drone"}]
PROGRAMS = [name for name in installed.SERVICES if installed.program_package(name).startswith("drone_mcp_")]
ADMIN = bearer("admin-token-of-the-demo")


def test_it_is_a_compose_file() -> None:
    schema = json.loads(Path(__file__).with_name("compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.validate(FILE, schema)


def test_every_role_and_service_has_its_image_built_from_the_one_dockerfile() -> None:
    assert set(OURS) == {*ROLES, *PROGRAMS}
    for name, service in OURS.items():
        assert service["image"] == f"drone-mcp-{name}"
        build = service["build"]
        assert (DOCKER / build["context"] / build["dockerfile"]).is_file()
        assert build.get("args", {}).get("ROLE", build.get("target")) == name


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_service_has_no_more_rights_than_it_needs(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert {"mem_limit", "pids_limit", "tmpfs"} <= service.keys()
    assert not service.keys() & {"privileged", "network_mode", "cap_add", "devices"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_nothing_is_offered_beyond_this_machine_but_by_choice(name: str) -> None:
    ports = [port.replace("${RECEIVER_ADDRESS:-127.0.0.1}", "127.0.0.1") for port in SERVICES[name].get("ports", ())]
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert all(port.endswith(f":{PORTS.get(name, ROLE_PORT)}") for port in ports)


def test_the_roles_that_change_builds_start_only_when_asked_for() -> None:
    example = example_environment()
    assert set(services(example)) == {"redis", "simulator", "webhooks", "dev", "ui"}
    assert set(services({**example, "COMPOSE_PROFILES": ""})) == {"redis", "webhooks", "dev", "ui"}
    assert set(services({**example, "COMPOSE_PROFILES": "simulator,actions"})) == set(SERVICES)


def test_only_the_roles_that_change_builds_get_a_token_to_write_with() -> None:
    reported = {name for name, service in SERVICES.items() if "DRONE_WRITE_TOKEN" in service.get("environment", {})}
    assert reported == {"ops", "admin"}


def test_every_variable_that_it_asks_for_is_in_the_example() -> None:
    asked = set(re.findall(r"\$\{([A-Z_]+)", TEXT))
    example = (DOCKER / "env.example").read_text(encoding="utf-8")
    explained = set(re.findall(r"^(?:# )?([A-Z_]+)=", example, re.MULTILINE))
    assert asked - {"REDIS_IMAGE"} == explained - {"COMPOSE_PROFILES"}
    assert set(re.findall(r"\$\{([A-Z_]+):\?", TEXT)) <= set(example_environment())


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    environment = {**example_environment(), "COMPOSE_PROFILES": "simulator,actions"}
    with Stack(services(environment), tmp_path_factory.mktemp("stack")).running() as running:
        yield running


async def ask(method: str, url: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False, timeout=PATIENCE) as http:
        return await http.request(method, url, headers=headers)


async def test_a_build_reaches_an_agent_through_webhook_receiver_and_state(stack: Stack) -> None:
    """The agent's wait ends when a delivery says that the runner has taken the build, seconds after it was made."""
    token = example_environment()["DRONE_MCP_HTTP_TOKEN"]
    made = await ask("POST", stack.url("simulator") + "/api/repos/octo/hello/builds", **ADMIN)
    build = {"repo": "octo/hello", "number": made.json()["number"]}
    async with mcp_client(stack.url("dev") + "/builds/mcp", **bearer(token)) as agent:
        waited = await agent.call_tool("drone_wait_for_build", {**build, "until": "change", "max_seconds": 20})
        shown = await agent.call_tool("drone_get_build", build)
    assert shown.structured_content
    assert shown.structured_content["status"] == "running", waited.content
    counted = (await ask("GET", stack.url("webhooks") + "/metrics")).text
    assert re.search(r"^drone_mcp_webhook_deliveries_total(\{.*\})? [1-9]", counted, re.MULTILINE)
    async with open_store(stack.state) as store:
        kept = await store.get(build["repo"], build["number"])
    assert kept
    assert kept.build.status == "running"


async def test_every_served_role_takes_its_callers_and_nobody_else(stack: Stack) -> None:
    token = example_environment()["DRONE_MCP_HTTP_TOKEN"]
    for role in ROLES:
        refused = await ask("POST", stack.url(role) + "/builds/mcp")
        assert refused.status_code == 401
        async with mcp_client(stack.url(role) + "/builds/mcp", **bearer(token)) as agent:
            assert (await agent.list_tools()).tools
