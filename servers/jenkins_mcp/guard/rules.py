"""The rules of a role for changes in Jenkins: which jobs, which parameters. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.rules import Rules
from jenkins_mcp.guard.action import OPERATIONS
from jenkins_mcp.guard.spec import JENKINS_GUARD
from jenkins_mcp.scope import JobScope

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec


@dataclass(frozen=True, kw_only=True)
class JenkinsRules(Rules):
    """The changes that one process may make.

    Attributes:
        jobs: globs; none for no job.
        params: globs of the parameters that an agent may set, by default all that a job declares.
    """

    spec: ClassVar[GuardSpec] = JENKINS_GUARD

    operations: frozenset[str] = frozenset(OPERATIONS)
    jobs: tuple[str, ...] = ()
    params: tuple[str, ...] = ("*",)

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return JobScope(globs).sees(scope)
