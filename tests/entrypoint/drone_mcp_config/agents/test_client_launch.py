"""Each client is started with a configuration of its own, and its command line is kept."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from drone_mcp_config.agents.client_launch import LAUNCHES, command_with, environment_with, launch_of
from drone_mcp_config.agents.prepared_run import Assignment, PreparedRun, prepare_run
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.errors import CannotExpress, UserError
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.agent_run import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.installation.reading import Servers
    from entrypoint.drone_mcp_config.conftest import Outcome

FOLDER, FILE = Path("/private"), Path("/private/mcp.json")
FOLDERS = UserFolders(
    work=Path("/w"), home=Path("/h"), config=Path("/h/.config"), appdata=Path("/h/a"), platform="linux"
)
TOLD = {"DRONE_SERVER": "https://drone.example.com", "DRONE_TOKEN": "t" * 32}
READ: dict[str, Callable[[str], Any]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}


def test_claude_is_given_the_file_and_no_other_in_front_of_its_own_arguments() -> None:
    command = command_with(LAUNCHES["claude"], ["/usr/bin/claude", "-p", "mend"], FILE)
    assert command == ["/usr/bin/claude", "--mcp-config", "/private/mcp.json", "--strict-mcp-config", "-p", "mend"]


def test_another_program_keeps_its_arguments() -> None:
    assert command_with(LAUNCHES["claude"], ["run-claude", "-p"], FILE) == ["run-claude", "-p"]
    assert command_with(LAUNCHES["codex"], ["codex", "exec"], FILE) == ["codex", "exec"]


@pytest.mark.parametrize(
    ("word", "becomes"),
    [
        ("{config}", "/private/mcp.json"),
        ("--file={config}", "--file=/private/mcp.json"),
        ("@{config}", "@/private/mcp.json"),
        ("explain {config} to me", "explain {config} to me"),  # a prompt
        ("{config}.bak", "{config}.bak"),
    ],
)
def test_a_word_can_say_where_the_path_goes(word: str, becomes: str) -> None:
    assert command_with(LAUNCHES["codex"], ["run", word], FILE) == ["run", becomes]


def test_a_place_in_the_command_takes_the_place_of_the_flags() -> None:
    command = command_with(LAUNCHES["claude"], ["claude", "--mcp-config", "{config}"], FILE)
    assert command == ["claude", "--mcp-config", "/private/mcp.json"]


@pytest.mark.parametrize(
    ("client", "reported"),
    [
        ("claude", {}),
        ("codex", {"CODEX_HOME": "/private"}),
        ("gemini", {"GEMINI_CLI_HOME": "/private"}),
        ("opencode", {"OPENCODE_CONFIG": "/private/mcp.json"}),
        ("goose", {"GOOSE_PATH_ROOT": "/private"}),
        ("copilot", {}),
    ],
)
def test_a_variable_tells_a_client_and_every_command(client: ClientName, reported: dict[str, str]) -> None:
    assert environment_with(LAUNCHES[client], FILE, FOLDER) == {"DRONE_MCP_CONFIG": "/private/mcp.json", **reported}


@pytest.mark.parametrize("client", sorted(set(CLIENTS) - set(LAUNCHES)))
def test_a_client_that_reads_its_own_files_only_is_refused_with_those_that_can(client: ClientName) -> None:
    with pytest.raises(CannotExpress, match=r"reads its servers from its own files only.* claude, codex, gemini"):
        launch_of(client)


def prepared_run(installed: Servers, role: str = "reader", client: ClientName = "claude", **more: str) -> PreparedRun:
    assignment = Assignment(role, client, url=more.pop("url", ""), repo=more.pop("repo", ""))
    return prepare_run(assignment, load_role(role, role_library(None), installed), installed, FOLDERS, {**TOLD, **more})


@pytest.mark.parametrize("client", LAUNCHES)
def test_each_client_gets_its_own_format_with_no_secret_in_it(installed: Servers, client: ClientName) -> None:
    prepared = prepared_run(installed, client=client)
    made = prepared.made
    text = new_text(made.client, made.entries, prepared.launch.settings(made.entries))
    data = READ[made.client.syntax](text)
    assert list(data[made.client.root]) == ["drone-builds", "drone-logs", "drone-policy"]
    assert TOLD["DRONE_TOKEN"] not in text


def test_gemini_is_told_to_use_no_other_servers(installed: Servers) -> None:
    made = prepared_run(installed, client="gemini").made
    beside = LAUNCHES["gemini"].settings(made.entries)
    assert beside["mcp"] == {"allowed": ["drone-builds", "drone-logs", "drone-policy"]}
    assert beside["security"] == {"folderTrust": {"enabled": False}}  # or else it would use none at all


def test_a_role_that_rehearses_needs_no_token_to_write_with(installed: Servers) -> None:
    assert "DRONE_WRITE_TOKEN" not in prepared_run(installed, "operator").environment
    assert prepared_run(installed, "operator", DRONE_WRITE_TOKEN="w" * 32).environment["DRONE_WRITE_TOKEN"] == "w" * 32


def test_a_token_in_a_file_is_read_from_there_by_the_servers(installed: Servers) -> None:
    entry = prepared_run(installed, DRONE_TOKEN="", DRONE_TOKEN_FILE="/run/token").made.entries["drone-builds"]
    assert (entry["env"]["DRONE_TOKEN"], entry["env"]["DRONE_TOKEN_FILE"]) == ("", "/run/token")


def test_a_served_role_needs_the_callers_token_alone(installed: Servers) -> None:
    with pytest.raises(UserError, match=r"Not set: DRONE_MCP_HTTP_TOKEN\."):
        prepared_run(installed, url="http://served:8080")
    made = prepared_run(installed, url="http://served:8080", DRONE_MCP_HTTP_TOKEN="c" * 32).made
    assert made.entries["drone-logs"]["url"] == "http://served:8080/logs/mcp"


def test_elsewhere_than_on_linux_it_says_what_to_do_instead(
    run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    outcome = run("agent", "--role", "reader", "--", "claude")
    assert (outcome.code, "drone-mcp-config --role NAME" in outcome.err) == (2, True)


@pytest.mark.skipif(sys.platform != "linux", reason="the entrypoint of containers")
def test_a_private_home_is_there_while_the_command_runs_and_gone_afterwards(tmp_path: Path) -> None:
    place = Place(tmp_path)
    show = 'echo "$CODEX_HOME"; touch "$CODEX_HOME/history"; cat "$CODEX_HOME/config.toml"'
    done = place.run("--client", "codex", command=["sh", "-c", show])
    home, text = done.stdout.split("\n", 1)
    assert list(tomllib.loads(text)["mcp_servers"]) == ["tiny"]
    assert not Path(home).exists()
    done = place.run("--client", "goose", command=["sh", "-c", 'cat "$GOOSE_PATH_ROOT/config/config.yaml"'])
    assert list(yaml.safe_load(done.stdout)["extensions"]) == ["tiny"]
    assert place.left == []
