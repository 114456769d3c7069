"""Every tool of every installed server can be called by hand."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from mcp.types import Tool

from ci_mcp_kit.front import surface
from drone_mcp_cli.values import read_values
from drone_mcp_config.installation.reading import read_installation
from support.arguments import argument, least_arguments

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

INSTALLED = read_installation()
TOOLS = {tool: manifest.module for manifest in INSTALLED.values() for tool in manifest.tool_names}


def listed(name: str) -> Tool:
    found = surface.load(TOOLS[name])
    assert found is not None
    tools = found.legacy["tools/list"]["tools"]
    return Tool.model_validate(next(tool for tool in tools if tool["name"] == name))


@pytest.mark.parametrize("name", TOOLS)
def test_a_tool_is_called_with_words(acting: Desk, name: str) -> None:
    arguments = least_arguments(listed(name), "octo/hello", 4)
    words = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in arguments.items()]
    done = acting.run("call", name, *words, "--json", "--yes")
    assert done.err == ""
    # Whatever Drone and the guard say to it: the call has passed the check of its arguments.
    assert done.data.get("code") != "INTERNAL_ERROR"
    assert "arguments" not in done.data.get("details", {})


@pytest.mark.parametrize("name", TOOLS)
def test_every_argument_of_a_tool_is_read_as_its_schema_has_it(name: str) -> None:
    schema = listed(name).input_schema
    values = {key: argument(key, one, "octo/hello", 4) for key, one in schema["properties"].items()}
    words = [f"{key}={value if isinstance(value, str) else json.dumps(value)}" for key, value in values.items()]
    assert read_values(words, schema) == values


@pytest.mark.parametrize("name", TOOLS)
def test_the_arguments_of_a_tool_are_shown(acting: Desk, name: str) -> None:
    done = acting.run("tools", name)
    assert done.code == 0
    shown = {line.split()[0] for line in done.out.splitlines() if line}
    assert set(listed(name).input_schema["properties"]) <= shown


@pytest.mark.parametrize("server", INSTALLED)
def test_tools_lists_what_a_server_has(acting: Desk, server: str) -> None:
    found = acting.run("tools", "--json").data[server]
    assert tuple(tool["name"] for tool in found) == INSTALLED[server].tool_names
