"""Configurations that point at a served role: each client's own form, and one that a real client reaches it by."""

from __future__ import annotations

import json
import sys
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from support.http_process import bearer, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from entrypoint.drone_mcp_config.conftest import Outcome

    Run = Callable[..., Outcome]

HTTP = ("--role", "viewer", "--transport", "http")
BUILDS = "http://127.0.0.1:8080/builds/mcp"


def test_claude_gets_addresses_and_the_name_of_the_token(run: Run, work: Path) -> None:
    outcome = run(*HTTP, "--url", "https://mcp.example.com/drone/")
    assert outcome.code == 0, outcome.err
    assert json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"] == {
        "drone-builds": {
            "type": "http",
            "url": "https://mcp.example.com/drone/builds/mcp",
            "headers": {"Authorization": "Bearer ${DRONE_MCP_HTTP_TOKEN}"},
            "alwaysLoad": True,
        }
    }
    assert "Set DRONE_MCP_HTTP_TOKEN where the client is started." in outcome.err


FORMS: dict[str, list[str]] = {
    "claude": [f'"url": "{BUILDS}"', '"Authorization": "Bearer ${DRONE_MCP_HTTP_TOKEN}"'],
    "cursor": [f'"url": "{BUILDS}"', '"Authorization": "Bearer ${env:DRONE_MCP_HTTP_TOKEN}"'],
    "vscode": ['"type": "http"', '"Authorization": "Bearer ${env:DRONE_MCP_HTTP_TOKEN}"'],
    "codex": [f'url = "{BUILDS}"', 'bearer_token_env_var = "DRONE_MCP_HTTP_TOKEN"'],
    "gemini": [f'"httpUrl": "{BUILDS}"', '"Authorization": "Bearer ${DRONE_MCP_HTTP_TOKEN}"'],
    "opencode": ['"type": "remote"', '"Authorization": "Bearer {env:DRONE_MCP_HTTP_TOKEN}"'],
    "windsurf": [f'"serverUrl": "{BUILDS}"', '"Authorization": "Bearer ${env:DRONE_MCP_HTTP_TOKEN}"'],
    "goose": [f"uri: {BUILDS}", "Authorization: Bearer ${DRONE_MCP_HTTP_TOKEN}", "- DRONE_MCP_HTTP_TOKEN"],
    "copilot": ['"type": "http"', '"Authorization": "Bearer ${DRONE_MCP_HTTP_TOKEN}"'],
}


@pytest.mark.parametrize("client", FORMS)
def test_each_client_refers_to_the_token_in_its_own_form(run: Run, client: str) -> None:
    outcome = run(*HTTP, "--client", client, "--print")
    assert outcome.code == 0, outcome.err
    assert [part for part in FORMS[client] if part not in outcome.out] == []


@pytest.mark.parametrize("client", ["claude-desktop", "zed"])
def test_a_client_that_cannot_say_it_is_refused(run: Run, client: str) -> None:
    outcome = run(*HTTP, "--client", client, "--print")
    assert (outcome.code, outcome.out) == (2, "")
    assert "cannot take the server drone-builds" in outcome.err


def test_an_agent_with_a_drone_token_of_its_own_sends_it(run: Run) -> None:
    outcome = run(*HTTP, "--own-token", "--client", "codex", "--print")
    headers = tomllib.loads(outcome.out)["mcp_servers"]["drone-builds"]["env_http_headers"]
    assert headers == {"Drone-Token": "DRONE_TOKEN"}
    assert "Set DRONE_MCP_HTTP_TOKEN and DRONE_TOKEN where the client is started." in outcome.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--role", "viewer", "--url", "http://x"), "add --transport http"),
        (("--role", "viewer", "--own-token"), "add --transport http"),
        ((*HTTP, "--server", "https://drone.test"), "leave them out"),
        ((*HTTP, "--portable"), "leave them out"),
        ((*HTTP, "--url", "mcp.example.com"), "--url is 'mcp.example.com'"),
        ((*HTTP, "--url", "https://me:secret@mcp.example.com"), "--url is"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(run: Run, arguments: tuple[str, ...], said: str) -> None:
    outcome = run(*arguments, "--print")
    assert (outcome.code, outcome.out) == (2, "")
    assert said in outcome.err


def test_what_a_served_role_does_not_know_and_what_can_be_read_on_the_way_is_said(run: Run) -> None:
    outcome = run(*HTTP, "--repo", "octo/hello", "--url", "http://mcp.example.com", "--print")
    assert "does not get octo/hello" in outcome.err
    assert "plain http to another machine" in outcome.err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
async def test_the_written_file_leads_a_real_client_to_the_served_role(run: Run, work: Path) -> None:
    token = "a-token-of-the-tests-for-callers"
    with serving(
        "drone_mcp_config", "serve", "--role", "ui", "--http", "127.0.0.1:0", DRONE_MCP_HTTP_TOKEN=token
    ) as on:
        assert run(*HTTP, "--url", on.url).code == 0
        entry: dict[str, Any] = json.loads((work / ".mcp.json").read_text(encoding="utf-8"))["mcpServers"][
            "drone-builds"
        ]
        assert entry["headers"]["Authorization"].replace("${DRONE_MCP_HTTP_TOKEN}", token) == f"Bearer {token}"
        async with on.client(entry["url"].removeprefix(on.url), **bearer(token)) as client:
            assert (await client.list_tools()).tools
