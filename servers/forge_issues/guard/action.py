"""The operations on issues and pull requests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from typing_extensions import override

from ci_mcp_kit.guard.operation_risk import Operation, Risk, by_name
from ci_mcp_kit.guard.planned_action import PlannedAction

OPERATIONS: Final = by_name(
    Operation("open", "issues.create", Risk.LOW),
    # What others have written is replaced, and the forge does not show everybody what was there before.
    Operation("update", "issues.update", Risk.MEDIUM, also=("labels.set",)),
    Operation("comment", "comments.create", Risk.LOW),
    # A new pull request makes the CI server build its branch.
    Operation("propose", "pulls.create", Risk.MEDIUM, thing="pull request"),
    Operation("report", "comments.create", Risk.LOW, thing="build", also=("comments.update",)),
    Operation("track", "issues.create", Risk.LOW, thing="flaky step", also=("issues.update",)),
)


@dataclass(frozen=True, kw_only=True)
class ForgeAction(PlannedAction):
    """An operation in a repository; `number` is that of the issue or pull request, 0 for a new one."""

    number: int = 0

    @property
    @override
    def subject(self) -> str:
        # A new one has no number yet: what it is made from stands for it.
        return f"#{self.number}" if self.number else " ".join(self.contents_of(call) for call in self.calls)

    @override
    def facts(self) -> dict[str, Any]:
        return {
            "operation": self.operation.name,
            "repo": self.scope,
            "issue": self.number or None,
            "before": list(self.state),
            "texts": [self.contents_of(call) for call in self.calls],
        }
