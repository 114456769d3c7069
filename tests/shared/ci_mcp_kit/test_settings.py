"""A server that asks no service: it reads what its process needs, and starts without an address of anything."""

from __future__ import annotations

import json

import pytest

from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.variables import SettingsError
from support.client_pipes import HANDSHAKE, failure_of, server_process

SERVER = '''
from ci_mcp_kit.answer import View
from ci_mcp_kit.app import ServerSpec, build_server, run
from ci_mcp_kit.outgoing_text import Cleaner
from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.tools import tool

class Said(View):
    text: str

class Tools:
    @tool(title="Echo", schema="echo/1")
    async def toy_echo(self, text: str) -> Said:
        """Say it back."""
        return Said(text=text)

class Nothing:
    clean = Cleaner()
    async def notice(self) -> str:
        return ""
    async def close(self) -> None: ...

SPEC = ServerSpec("toy-echo", "Toy", "A toy.", "Use it to play.", "toy_mcp_echo", "toy-mcp-echo")

def create(settings):
    return build_server(SPEC, settings, Nothing(), Tools())

run(SPEC, create)
'''
CALL = {"name": "toy_echo", "arguments": {"text": "hello"}}


def test_a_server_without_a_service_needs_no_address() -> None:
    with server_process("-c", SERVER) as process:
        process.ask(1, "initialize", HANDSHAKE)
        assert process.ask(2, "tools/call", CALL)["structuredContent"] == {"text": "hello"}
        process.stdin.close()
        status, errors = process.ending()
    assert status == 0
    assert [json.loads(line)["level"] for line in errors.splitlines()] == ["info"], "there is nothing to warn of"


def test_it_says_what_is_wrong_with_the_environment_like_any_other() -> None:
    with server_process("-c", SERVER, DRONE_MCP_LOG_LEVEL="loud") as process:
        process.ask(1, "initialize", HANDSHAKE)
        error = failure_of(process.ask(2, "tools/call", CALL))
    assert error["details"] == {"variable": "DRONE_MCP_LOG_LEVEL"}


def test_the_variables_of_a_process_fill_its_fields() -> None:
    settings = ProcessSettings.from_environment(
        {
            "DRONE_MCP_TOOLS": "toy_echo",
            "DRONE_MCP_STATE": "redis://here",
            "DRONE_MCP_LOG_LEVEL": "DEBUG",
            "DRONE_MCP_LOG_FORMAT": "human",
            "DRONE_MCP_EAGER": "1",
        }
    )
    assert settings == ProcessSettings(
        tools=("toy_echo",), state="redis://here", log_level="debug", log_format="human", eager=True
    )
    assert settings.secrets() == settings.warnings() == []


def test_a_wrong_value_names_its_variable() -> None:
    with pytest.raises(SettingsError) as caught:
        ProcessSettings.from_environment({"DRONE_MCP_EAGER": "perhaps"})
    assert caught.value.variable == "DRONE_MCP_EAGER"
