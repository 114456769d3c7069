"""The resource with the audit lines of this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.resources_and_prompts import resource
from drone_mcp_actions.views import AuditView

if TYPE_CHECKING:
    from ci_mcp_kit.guard.guard import Guard

RECENT = "drone://audit/recent"


class ActionResources:
    """All resources of this server. Lines of other processes are not shown, though they may share the file."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    @resource(RECENT, name="audit_recent", title="Newest audit lines")
    async def recent(self) -> AuditView:
        """What this agent asked to change and what became of it: the newest 50 lines of this process."""
        return AuditView(mode=self._guard.rules.mode, lines=self._guard.audit.recent)
