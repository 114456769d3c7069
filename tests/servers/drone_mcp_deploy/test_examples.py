"""docs/examples/deploy.md has an answer of each tool."""

from __future__ import annotations

from typing import Any

import pytest

from servers.drone_mcp_deploy.conftest import deploy
from support.actions_desk import Person
from support.examples import hold_examples

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

REPO = {"repo": "octo/hello"}
CALLS: dict[str, dict[str, Any]] = {
    "drone_list_deployments": REPO,
    "drone_get_deployment": {**REPO, "number": 8},
    "drone_get_deploy_history": {**REPO, "target": "staging"},
    "drone_list_previews": REPO,
    "drone_get_preview": {**REPO, "preview": "other"},
    "drone_create_deployment": {**REPO, "number": 3, "target": "production", "dry_run": True},
    "drone_update_deployment": {**REPO, "target": "staging", "dry_run": True},
    "drone_rollback_deployment": {**REPO, "target": "staging"},
    "drone_stop_preview": {**REPO, "preview": "other"},
}


async def test_the_examples_are_what_the_tools_answer(at: Any) -> None:
    async with at(Person()) as desk:
        await deploy(desk.drone, "promote", 5, "preview-other")
        await hold_examples("deploy", desk.client, CALLS)
