"""What roles become: the plan of every shipped one, and one that says everything in the format of every client.

Rewrite with UPDATE_SNAPSHOTS=1 and read the diff.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from drone_mcp_config.clients.configuration_builder import Choices, make_configuration
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.formats import CLIENTS, ClientName
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import PlannedServer, StdioServer
from drone_mcp_config.roles.json_schema import json_schema
from drone_mcp_config.roles.library import RoleLibrary, role_library
from drone_mcp_config.roles.loading import load_role
from support.snapshots import hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from drone_mcp_config.installation.reading import Servers
    from drone_mcp_config.variable_references import Template

SNAPSHOTS = Path(__file__).parent / "snapshots"
SCHEMA = Path(__file__).parents[3] / "docs" / "role.schema.json"
HOME = Path("/home/me")
FOLDERS = UserFolders(
    work=HOME / "project", home=HOME, config=HOME / ".config", appdata=HOME / "AppData", platform="linux"
)
ENVIRONMENT = {"DRONE_SERVER": "https://drone.example.com"}
READ: dict[str, Callable[[str], Any]] = {"json": json.loads, "toml": tomllib.loads, "yaml": yaml.safe_load}

EXTENSIVE = """
role: everything
description: All that a role can say.
repos: [octo/*, acme/web]
servers:
  builds: {tools: [drone_list_builds]}
  actions:
    mode: on
    guard:
      repos: [octo/hello, octo/web-*]
      operations: [restart, stop]
      branches: ["*", "!release/*"]
      targets: [staging]
      unapproved: refuse
      confirm: low
      rate: 5/h
      audit: /var/log/drone-mcp/audit.jsonl
external:
  gitea: {command: gitea-mcp, args: [-t, stdio], env: {GITEA_TOKEN: "${GITEA_TOKEN}", GITEA_HOST: gitea.example.com}}
  renamed: {command: other-mcp, env: {ACCESS_TOKEN: "${OTHER_TOKEN}"}}
  defaulted: {command: third-mcp, args: ["--level=${LEVEL:-info}"]}
  docs: {url: "https://docs.example.com/mcp", preload: true}
  private: {url: "https://private.example.com/mcp", headers: {Authorization: "Bearer ${PRIVATE_TOKEN}", X-Team: a}}
"""


@pytest.fixture
def rendered(installed: Servers, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, ClientName, RoleLibrary], str]:
    monkeypatch.setattr("sys.executable", "/opt/drone-mcp/bin/python")

    def render(role: str, client: ClientName, roles: RoleLibrary) -> str:
        loaded = load_role(role, roles, installed)
        made = make_configuration(loaded, installed, Choices(client=client), FOLDERS, ENVIRONMENT)
        notes = "".join(f"# {note}\n" for note in made.notes)
        return f"# {made.client.location(FOLDERS)}\n{notes}{new_text(made.client, made.entries)}"

    return render


@pytest.mark.parametrize("name", role_library(None).names())
def test_the_plan_of_a_shipped_role_is_that_of_the_snapshot(name: str) -> None:
    installed = read_installation()
    plan = make_plan(load_role(name, role_library(None), installed), installed, PlanContext("python"))
    servers = {server.name: as_data(server) for server in plan.servers}
    hold(SNAPSHOTS / f"plan.{name}.json", json.dumps(servers, indent=2) + "\n")


def as_data(server: PlannedServer) -> dict[str, Any]:
    def text(template: Template) -> str:
        return template.render(lambda reference: f"${{{reference.name}}}")

    assert isinstance(server, StdioServer)
    command = [text(word) for word in (server.command, *server.args)]
    env = {name: text(value) for name, value in server.env.items()}
    return {"command": command, "env": env, "inherits": server.inherits, "preload": server.preload}


@pytest.mark.parametrize("client", CLIENTS)
def test_everything_a_role_can_say_is_written_as_the_snapshot_has_it(
    rendered: Callable[[str, ClientName, RoleLibrary], str], roles_dir: Callable[..., Path], client: ClientName
) -> None:
    roles = RoleLibrary((roles_dir(everything=EXTENSIVE),))
    hold(SNAPSHOTS / f"everything.{client}.txt", rendered("everything", client, roles))


@pytest.mark.parametrize("client", CLIENTS)
def test_what_is_written_can_be_read_back_and_names_are_short(
    rendered: Callable[[str, ClientName, RoleLibrary], str], roles_dir: Callable[..., Path], client: ClientName
) -> None:
    text = rendered("everything", client, RoleLibrary((roles_dir(everything=EXTENSIVE),)))
    plain = "".join(line for line in text.splitlines(keepends=True) if not line.startswith("#"))
    data: dict[str, Any] = READ[CLIENTS[client].syntax](plain)
    names = list(data[CLIENTS[client].root])
    assert names[:2] == ["drone-builds", "drone-actions"]
    assert all(re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,19}", name) for name in names)


def test_what_to_load_at_the_start_is_told_to_clients_that_have_a_word_for_it(
    rendered: Callable[[str, ClientName, RoleLibrary], str], roles_dir: Callable[..., Path]
) -> None:
    role = "role: {}\nservers: {{builds: {{preload: {}}}}}\n"
    roles = RoleLibrary((roles_dir(eager=role.format("eager", "true"), lazy=role.format("lazy", "false")),))
    added = {
        client: set(rendered("eager", client, roles).replace("eager", "lazy").splitlines())
        - set(rendered("lazy", client, roles).splitlines())
        for client in CLIENTS
    }
    assert {client: {line.strip() for line in lines} for client, lines in added.items() if lines} == {
        "claude": {'"timeout": 600000,', '"alwaysLoad": true'},
        "copilot": {'"timeout": 600000,', '"deferTools": "never"'},
    }


@pytest.mark.parametrize("client", CLIENTS)
def test_a_variable_is_written_in_the_clients_own_syntax_or_not_at_all(
    rendered: Callable[[str, ClientName, RoleLibrary], str], client: ClientName
) -> None:
    text = rendered("reader", client, role_library(None))
    found = set(re.findall(r"\$?\{(?:env:)?DRONE_TOKEN\}", text))
    expected = {
        **dict.fromkeys(("claude", "gemini", "copilot"), "${DRONE_TOKEN}"),
        **dict.fromkeys(("cursor", "vscode", "windsurf"), "${env:DRONE_TOKEN}"),
        "opencode": "{env:DRONE_TOKEN}",
    }
    assert found == ({expected[client]} if client in expected else set())


@pytest.mark.checkout
def test_the_schema_for_editors_is_the_one_in_the_documentation() -> None:
    hold(SCHEMA, json.dumps(json_schema(read_installation()), indent=2) + "\n")
