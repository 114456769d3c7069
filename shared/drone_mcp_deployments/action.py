"""A deployment as an action of the guard."""

from __future__ import annotations

from dataclasses import dataclass

from typing_extensions import override

from ci_mcp_kit.guard.planned_action import make_fingerprint
from drone_mcp_build.guard.action import BuildAction


@dataclass(frozen=True, kw_only=True)
class DeployAction(BuildAction):
    """The deployment of a build to a target in the state in which both were read.

    Attributes:
        replaces: the number of the newest deployment of the target; 0 where there is none.
        previews: how many previews of the repository would be open with it; 0 where it opens none.
    """

    replaces: int = 0
    previews: int = 0

    @property
    @override
    def fingerprint(self) -> str:
        # A person agrees to the change of a target from one build to another. After another deployment it is not that.
        return make_fingerprint(super().fingerprint, self.replaces)
