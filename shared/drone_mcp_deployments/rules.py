"""The rules of a role for deployments: those for builds, and the limits of previews. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from drone_mcp_build.guard.rules import BuildRules
from drone_mcp_deployments.action import DeployAction
from drone_mcp_deployments.spec import DEPLOY_GUARD
from drone_mcp_deployments.variables import FIVE_FOR_A_DAY

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_build.guard.action import BuildAction
    from drone_mcp_deployments.variables import PreviewLimits


@dataclass(frozen=True, kw_only=True)
class DeployRules(BuildRules):
    """The deployments that one process may make.

    Attributes:
        previews: how many previews of a repository may be open, and for how long.
        preview_stop: the parameter by which a promotion stops a preview, and its value.
    """

    spec: ClassVar[GuardSpec] = DEPLOY_GUARD

    previews: PreviewLimits = FIVE_FOR_A_DAY
    preview_stop: tuple[str, str] = ("PREVIEW_ACTION", "stop")

    @override
    def check(self, action: BuildAction) -> None:
        super().check(action)
        most = self.previews.most
        if isinstance(action, DeployAction) and action.previews > most:
            raise self.refusal(
                "previews", f"{action.repo} has {action.previews - 1} previews open, and may have {most}"
            )
