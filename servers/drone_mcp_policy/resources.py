"""The resource: the rules in force."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.resources_and_prompts import resource
from drone_mcp_policy.views import RulesView  # noqa: TC001 - the SDK reads the annotations of a resource

if TYPE_CHECKING:
    from drone_mcp_policy.tools import PolicyTools

RULES = "drone://policy/rules"


class PolicyResources:
    """All resources of this server."""

    def __init__(self, tools: PolicyTools) -> None:
        self._tools = tools

    @resource(RULES, name="policy_rules", title="Rules in force", needs="drone_explain_policy")
    async def rules(self) -> RulesView:
        """The rules that decide what to do next about a build, in their order."""
        from drone_mcp_policy.presenting import rules_view  # noqa: PLC0415 - on first use, to start fast

        return rules_view(self._tools.rules)
