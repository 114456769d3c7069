"""docs/examples/admin.md has an answer of each tool."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from support.actions_desk import Person
from support.examples import hold_examples

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.checkout, pytest.mark.usefixtures("same_marks")]

REPO = {"repo": "octo/hello"}
CALLERS = f"callers: [{{name: ada, role: dev, token: 'sha256:{'ab' * 32}'}}]\n"
CALLS: dict[str, dict[str, Any]] = {
    "drone_list_repo_settings": REPO,
    "drone_list_secrets": REPO,
    "drone_list_crons": REPO,
    "drone_list_templates": {"namespace": "octo", "name": "base.yml"},
    "drone_list_users": {},
    "drone_get_queue_state": {},
    "drone_manage_repo": {"action": "set", **REPO, "timeout_minutes": 30},
    "drone_manage_secret": {"action": "delete", **REPO, "name": "NPM_TOKEN", "dry_run": True},
    "drone_manage_cron": {"action": "set", **REPO, "name": "weekly", "expr": "0 0 6 * * 1"},
    "drone_manage_template": {"action": "delete", "namespace": "octo", "name": "base.yml", "dry_run": True},
    "drone_manage_user": {"action": "update", "login": "dev", "active": False},
    "drone_manage_queue": {"action": "pause", "dry_run": True},
    "drone_list_callers": {},
    "drone_get_audit_log": {"limit": 2},
}


async def test_the_examples_are_what_the_tools_answer(at: Any, tmp_path: Path) -> None:
    callers = tmp_path / "callers.yaml"
    callers.write_text(CALLERS, encoding="utf-8")
    async with at(Person(), DRONE_MCP_ADMIN_CALLERS=str(callers), POD_NAME="agent-1") as desk:
        await hold_examples("admin", desk.client, CALLS)
