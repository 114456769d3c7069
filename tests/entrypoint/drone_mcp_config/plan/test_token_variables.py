"""The tokens that a role's servers are given are those that they read."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Literal

import pytest

from ci_mcp_kit.variables import SettingsError
from drone_mcp_config.installation.reading import read_installation
from drone_mcp_config.plan.making import PlanContext, make_plan
from drone_mcp_config.plan.model import StdioServer
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import load_role
from support.installed import servers_that_ask

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Mode = Literal["off", "dry-run", "on"]

EVERY_SERVER = """
role: every
servers:
{servers}  actions: {{mode: {mode}, token: WRITES, guard: {{repos: [octo/*]}}}}
"""
NO_TOKEN = "no token has a blank"
FORGE = {"FORGE_SERVER": "https://forge.test", "FORGE_TOKEN": "t0ken-of-the-forge"}
CODER = {"CODER_URL": "https://coder.test", "CODER_SESSION_TOKEN": "t0ken-of-coder"}
GOOD = {"DRONE_SERVER": "https://drone.test", "DRONE_TOKEN": "t0ken", "WRITES": "t0ken-too", **FORGE, **CODER}


@pytest.mark.parametrize("mode", ["off", "dry-run", "on"])
def test_every_variable_that_is_asked_for_is_read(mode: Mode, roles_dir: Callable[..., Path]) -> None:
    installed = read_installation()
    others = "".join(f"  {name}: {{}}\n" for name in servers_that_ask("Drone") if name != "actions")
    library = role_library(roles_dir(every=EVERY_SERVER.format(servers=others, mode=mode)))
    role = load_role("every", library, installed)
    plan = make_plan(role, installed, PlanContext(sys.executable))
    asked = {reference.name for server in plan.servers for text in server.templates for reference in text.references}
    assert asked == {"DRONE_SERVER", "DRONE_TOKEN", *FORGE, *CODER, *(["WRITES"] if mode == "on" else [])}
    for name, server in zip(role.servers, plan.servers, strict=True):
        assert isinstance(server, StdioServer)
        settings = importlib.import_module(f"{installed[name].module}.server").SPEC.settings
        settings.from_environment({key: value.fill(GOOD) for key, value in server.env.items()})
        for asked_for in {reference.name for text in server.templates for reference in text.references}:
            filled = {key: value.fill(GOOD | {asked_for: NO_TOKEN}) for key, value in server.env.items()}
            with pytest.raises(SettingsError):
                settings.from_environment(filled)


def test_a_server_that_does_not_write_is_not_handed_the_token_to_write_with() -> None:
    installed = read_installation()
    plan = make_plan(load_role("ops", role_library(None), installed), installed, PlanContext(sys.executable))
    actions = next(server for server in plan.servers if server.name == "drone-actions")
    assert isinstance(actions, StdioServer)
    environment = GOOD | {"DRONE_WRITE_TOKEN": "t0ken-too"}
    assert actions.env["DRONE_WRITE_TOKEN"].fill(environment) == ""
    assert "DRONE_WRITE_TOKEN_FILE" not in actions.inherits
