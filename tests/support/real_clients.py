"""The MCP clients that people use, each as it is started for one turn without a person, a login or a network."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from drone_mcp_config.clients.formats import ClientName

PROMPT = "Why did the build fail?"
KEY = "no-key"


@dataclass(frozen=True)
class Start:
    """How a client is started.

    Attributes:
        arguments: what follows the name of its program.
        variables: what its environment says of the model.
        files: the user's own settings: path below the folder of `home` and `work` -> text.
    """

    arguments: Sequence[str]
    variables: Mapping[str, str]
    files: Mapping[str, str]


@dataclass(frozen=True)
class RealClient:
    """A client.

    Attributes:
        name: what drone-mcp-config calls it, and the name of its program.
        start: from the address of the model, the project's folder and the names of its servers.
        tool: from the names of a server and a tool to what the model is told.
    """

    name: ClientName
    start: Callable[[str, Path, Sequence[str]], Start]
    tool: Callable[[str, str], str]

    def program(self) -> str:
        """Find the program; without it, tests are skipped where a person runs them and fail where CI does."""
        found = shutil.which(self.name)
        if found:
            return found
        missing = f"needs {self.name}, which scripts/check-clients installs"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


def claude(model: str, _: Path, servers: Sequence[str]) -> Start:
    """Claude Code: the servers of a project have to be approved, and so have calls."""
    return Start(
        ["-p", PROMPT, "--allowedTools", ",".join(f"mcp__{server}" for server in servers)],
        {"ANTHROPIC_BASE_URL": model, "ANTHROPIC_API_KEY": KEY},
        {"home/.claude/settings.json": json.dumps({"enableAllProjectMcpServers": True})},
    )


def codex(model: str, work: Path, servers: Sequence[str]) -> Start:
    """Codex: a project's file is read in a folder that the user trusts, and calls that change anything are approved."""
    provider = f'{{name = "mock", base_url = "{model}/v1", wire_api = "responses", requires_openai_auth = false}}'
    approvals = [f'mcp_servers.{server}.default_tools_approval_mode="approve"' for server in servers]
    settings = ['model="mock"', 'model_provider="mock"', f"model_providers.mock={provider}", *approvals]
    return Start(
        ["exec", "--skip-git-repo-check", *(word for setting in settings for word in ("-c", setting)), PROMPT],
        {},
        {"home/.codex/config.toml": f'[projects."{work}"]\ntrust_level = "trusted"\n'},
    )


def gemini(model: str, work: Path, _: Sequence[str]) -> Start:
    """Gemini CLI: a project's servers are started in a folder that the user trusts.

    The kind of the key has to be said, since it takes any other address of the model for one without a key.
    """
    return Start(
        ["-m", "gemini-2.5-pro", "--approval-mode", "yolo", "-p", PROMPT],
        {"GOOGLE_GEMINI_BASE_URL": model, "GEMINI_API_KEY": KEY},
        {
            "home/.gemini/trustedFolders.json": json.dumps({str(work): "TRUST_FOLDER"}),
            "work/.gemini/settings.json": json.dumps({"security": {"auth": {"selectedType": "gemini-api-key"}}}),
        },
    )


def opencode(model: str, _: Path, __: Sequence[str]) -> Start:
    """OpenCode: the tests have its program for Linux on x64, which its own package would choose there."""
    options = {"baseURL": f"{model}/v1", "apiKey": KEY}
    provider = {"npm": "@ai-sdk/openai-compatible", "options": options, "models": {"mock": {}}}
    return Start(
        ["run", "-m", "mock/mock", PROMPT],
        {},
        {"home/.config/opencode/opencode.json": json.dumps({"provider": {"mock": provider}})},
    )


CLAUDE = RealClient("claude", claude, lambda server, tool: f"mcp__{server}__{tool}")
CLIENTS = [
    CLAUDE,
    RealClient("codex", codex, lambda server, tool: f"mcp__{server.replace('-', '_')}__{tool}"),
    RealClient("gemini", gemini, lambda server, tool: f"mcp_{server}_{tool}"),
    RealClient("opencode", opencode, lambda server, tool: f"{server}_{tool}"),
]
