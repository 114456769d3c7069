"""The file of answers of every installed server is what the server says: value by value, whatever the role offers."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mcp.types.version import HANDSHAKE_PROTOCOL_VERSIONS

from ci_mcp_kit.front.conversation import Conversation
from ci_mcp_kit.front.surface import FILE, Surface, load
from ci_mcp_kit.front.surface_writer import LISTS, ask, legacy_request, modern_request, surface, surface_text
from ci_mcp_kit.variables import SettingsError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.installed import PACKAGES, SERVERS, environment_of, package_folder, server_module
from support.snapshots import hold

if TYPE_CHECKING:
    from ci_mcp_kit.settings import ProcessSettings

INSTALLED = read_installation()
VERSIONS = [*HANDSHAKE_PROTOCOL_VERSIONS, "2026-07-28", "2031-01-01", ""]


def settings_type(name: str) -> type[ProcessSettings]:
    settings: type[ProcessSettings] = server_module(name).SPEC.settings
    return settings


def settings_of(name: str) -> ProcessSettings:
    return settings_type(name).from_environment(environment_of(name))


def front_says(known: Surface, requests: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the front answers to requests of one connection."""
    conversation = Conversation(known)
    results = []
    for number, request in enumerate(requests):
        answer = conversation.answer(json.dumps({"jsonrpc": "2.0", "id": number, **request}).encode())
        assert answer is not None, f"the front cannot answer {request['method']}"
        results.append(json.loads(answer)["result"])
    return results


def legacy(version: str = "2025-06-18") -> list[dict[str, Any]]:
    return [legacy_request("initialize", version or "x"), *map(legacy_request, (*LISTS, "ping"))]


def modern() -> list[dict[str, Any]]:
    return [modern_request(method) for method in ("server/discover", *LISTS)]


def allowed_by_roles(name: str) -> set[tuple[str, ...] | None]:
    roles = role_library(None)
    entries = [load_role(role, roles, INSTALLED).servers.get(name) for role in roles.names()]
    return {tuple(entry.tools) if entry.tools else None for entry in entries if entry is not None}


@pytest.mark.parametrize("name", SERVERS)
async def test_the_file_is_the_one_that_the_server_makes(name: str) -> None:
    module = server_module(name)
    hold(package_folder(name) / FILE, surface_text(await surface(module.SPEC, settings_of(name), module.create)))


@pytest.mark.parametrize("name", SERVERS)
def test_the_installed_file_is_taken(name: str) -> None:
    assert load(PACKAGES[name]) is not None


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", SERVERS)
async def test_the_front_answers_as_the_server_does_in_every_version(name: str, version: str) -> None:
    known = load(PACKAGES[name])
    assert known is not None
    server = server_module(name).create(settings_of(name))
    assert front_says(known, legacy(version)) == await ask(server, legacy(version))


@pytest.mark.parametrize("name", SERVERS)
async def test_the_front_answers_as_the_server_does_to_what_the_shipped_roles_allow(name: str) -> None:
    for allowed in allowed_by_roles(name):
        await compare(name, allowed)


@pytest.mark.parametrize("name", SERVERS)
@given(choice=st.lists(st.integers(0, 99), min_size=1))
async def test_the_front_answers_as_the_server_does_whatever_is_allowed(name: str, choice: list[int]) -> None:
    tools = INSTALLED[name].tool_names
    await compare(name, tuple(dict.fromkeys(tools[number % len(tools)] for number in choice)))


async def compare(name: str, allowed: tuple[str, ...] | None) -> None:
    server = server_module(name).create(replace(settings_of(name), tools=allowed))
    known = load(PACKAGES[name])
    assert known is not None
    known.narrow(allowed)
    for requests in (legacy(), modern()):
        assert front_says(known, requests) == await ask(server, requests)


@pytest.mark.parametrize("name", SERVERS)
async def test_the_front_answers_as_the_server_does_where_the_environment_is_wrong(name: str) -> None:
    tools = INSTALLED[name].tool_names
    for allowed in (None, (tools[0],), (tools[0], "do_nothing"), ("do_nothing",)):
        for requests in (legacy(), modern()):
            known = load(PACKAGES[name])
            assert known is not None
            fault = SettingsError("ADDRESS is not set", "ADDRESS")
            if allowed and "do_nothing" in allowed:
                with pytest.raises(SettingsError, match="do_nothing") as caught:
                    known.narrow(allowed)
                fault = caught.value
            else:
                known.narrow(allowed)
            known.explain(fault)
            wrong = settings_type(name).of_wrong({"DRONE_MCP_TOOLS": ",".join(allowed or ())}, fault)
            assert front_says(known, requests) == await ask(server_module(name).create(wrong), requests)


@pytest.mark.parametrize("name", SERVERS)
def test_a_prompt_is_offered_only_with_the_tools_that_its_text_calls(name: str) -> None:
    data = json.loads((package_folder(name) / FILE).read_text(encoding="utf-8"))
    tools = INSTALLED[name].tool_names
    for prompt in data["legacy"]["prompts/list"]["prompts"]:
        assert data["needs"][prompt["name"]], f"{prompt['name']} is offered even where its tools are not: {tools}"
