"""Whatever a role file holds: it is a role that can be written for every client, or its mistakes have a line."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, example, given, settings

from drone_mcp_config.clients.configuration_builder import Choices, make_configuration
from drone_mcp_config.clients.folders import UserFolders
from drone_mcp_config.clients.formats import CLIENTS
from drone_mcp_config.clients.text_editing import new_text
from drone_mcp_config.errors import UserError
from drone_mcp_config.roles.library import RoleLibrary
from drone_mcp_config.roles.loading import load_role
from support.odd_yaml import documents, unplaced_mistakes

if TYPE_CHECKING:
    from drone_mcp_config.installation.reading import Servers

FOLDERS = UserFolders(Path("/w"), Path("/h"), Path("/h/.config"), Path("/h/AppData"), "linux")
ENVIRONMENT = {"DRONE_SERVER": "https://drone.test"}
ROLE: dict[str, Any] = {
    "role": "r",
    "description": "Does much.",
    "repos": ["octo/*"],
    "servers": {
        "builds": {"tools": ["drone_list_builds"], "token": "READS", "preload": True},
        "actions": {"mode": "on", "token": "WRITES", "guard": {"repos": ["octo/*"], "rate": "10/h", "key": "KEY"}},
    },
    "external": {
        "gitea": {"command": "gitea-mcp", "args": ["-t", "stdio"], "env": {"GITEA_HOST": "${GITEA_HOST}"}},
        "far": {"url": "https://far.test/mcp", "headers": {"Authorization": "Bearer ${FAR_TOKEN}"}, "preload": False},
    },
    "agent": {"image": "image:1", "setup": ["make"]},
}


@given(text=documents(ROLE))
@example(text="role: " + "9" * 5000)
@example(text=f"role: r\nservers: {{builds: {{preload: {'9' * 5000}}}}}")
@example(text=f"role: r\n{'9' * 5000}: 1")
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_role_file_is_a_role_or_has_mistakes_with_their_lines(
    text: str, installed: Servers, tmp_path: Path
) -> None:
    def load_and_write(_: Path) -> None:
        role = load_role("r", RoleLibrary((tmp_path,)), installed)
        for name, client in CLIENTS.items():
            with contextlib.suppress(UserError):
                made = make_configuration(role, installed, Choices(name), FOLDERS, ENVIRONMENT)
                assert new_text(client, made.entries)

    assert unplaced_mistakes(load_and_write, tmp_path / "r.yaml", text) == []
