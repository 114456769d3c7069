"""Servers of an installation that is not there, to put in place of the real one.

Those of Drone have real servers' names, services and guard; those of Jenkins are of a system that nothing here knows.
"""

from __future__ import annotations

import importlib.metadata
import json
from typing import TYPE_CHECKING, Any

from drone_mcp_build.guard.spec import BUILD_GUARD
from drone_mcp_client.errors import DRONE
from drone_mcp_config.installation.reading import GROUP
from drone_mcp_config.installation.server_manifest import Manifest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    import pytest

    Facts = dict[str, Any]


def manifest(system: str, name: str, tools: Iterable[str], reads: Iterable[str] = (), **facts: Any) -> Facts:
    """Return the manifest of a server, with the `services` and the `guard` among `facts`.

    Args:
        system: that the server is for.
        name: of the server in role files.
        tools: of a server that has a guard, those that write.
        reads: variables that it reads, next to those of its services and its guard.
        facts: everything else.
    """
    guard: Facts = facts.get("guard", {"keys": {}})
    variables = [
        *(f"{variable}{end}" for service in facts.get("services", ()) for variable, end in variables_of(service)),
        "DRONE_MCP_TOOLS",
        *(f"{guard['token']}{end}" for end in ("", "_FILE") if "token" in guard),
        *([guard["mode"]] if "mode" in guard else ()),
        *(key["variable"] for key in guard["keys"].values()),
    ]
    return {
        "server": f"{system}-{name}",
        "title": f"{system.capitalize()} {name}",
        "description": f"All about {name}.",
        "command": f"{system}-mcp-{name}",
        "module": f"{system}_mcp_{name}",
        "environment": [*variables, *reads],
        "tools": [{"name": tool, "title": tool, "read_only": "guard" not in facts} for tool in tools],
        "resources": [],
        "prompts": [],
        **facts,
    }


def variables_of(service: Facts) -> list[tuple[str, str]]:
    """Return the variables of a service, each with its ending."""
    named = [(service[key], "") for key in ("address", "token", "default", "scope") if key in service]
    return [*named, (service["token"], "_FILE")]


DRONES = DRONE.manifest()
DRONE_MANIFESTS: dict[str, Facts] = {
    "builds": manifest("drone", "builds", ["drone_list_builds", "drone_get_build"], services=[DRONES]),
    "logs": manifest("drone", "logs", ["drone_get_build_logs", "drone_search_build_logs"], services=[DRONES]),
    "policy": manifest("drone", "policy", ["drone_evaluate_build"], ["DRONE_MCP_ROLE_TOOLS"], services=[DRONES]),
    "actions": manifest(
        "drone",
        "actions",
        ("drone_restart_build", "drone_stop_build", "drone_approve_build", "drone_decline_build"),
        ["AGENT_ROLE", "SESSION_ID", "POD_NAME"],
        services=[DRONES],
        guard=BUILD_GUARD.manifest(),
    ),
}

JENKINS = {"name": "Jenkins", "address": "JENKINS_URL", "token": "JENKINS_TOKEN"}
JENKINS_GUARD = {
    "mode": "JENKINS_MCP_ACTIONS",
    "token": "JENKINS_WRITE_TOKEN",
    "keys": {
        "jobs": {
            "variable": "JENKINS_MCP_ACTION_JOBS",
            "schema": {
                "type": "array",
                "minItems": 1,
                "items": {"type": "string", "pattern": "^[a-z/*]+$", "maxLength": 20},
                "description": "Jobs that may be started.",
            },
        },
        "risk": {"variable": "JENKINS_MCP_ACTION_RISK", "schema": {"enum": ["small", "large"]}},
        "seal": {
            "variable": "JENKINS_MCP_ACTION_SEAL",
            "secret": True,
            "schema": {"type": "string", "pattern": "^[A-Z_]+$"},
        },
    },
}
JENKINS_MANIFESTS: dict[str, Facts] = {
    "jenkins-builds": manifest("jenkins", "builds", ["jenkins_list_builds"], services=[JENKINS]),
    "jenkins-jobs": manifest("jenkins", "jobs", ["jenkins_start"], services=[JENKINS], guard=JENKINS_GUARD),
    "plain": manifest("plain", "facts", ["plain_fact"]),
}

INSTALLED = [Manifest.model_validate(facts) for facts in (DRONE_MANIFESTS | JENKINS_MANIFESTS).values()]


def install(monkeypatch: pytest.MonkeyPatch, folder: Path, manifests: Mapping[str, Facts]) -> None:
    """Register packages with these manifests as the installation's servers; importing one of them fails."""
    entries = []
    for name, facts in manifests.items():
        package = folder / f"fake_mcp_{name.replace('-', '_')}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("raise AssertionError('a server was imported')\n", encoding="utf-8")
        (package / "manifest.json").write_text(json.dumps(facts), encoding="utf-8")
        entries.append(importlib.metadata.EntryPoint(name, package.name, GROUP))
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries if group else [])
