"""The rules of a role for writing on the forge: which operations, in which repositories. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.rules import Rules
from drone_mcp_build.scope import RepoScope
from forge_issues.guard.action import OPERATIONS
from forge_issues.guard.spec import FORGE_GUARD

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec


@dataclass(frozen=True, kw_only=True)
class ForgeRules(Rules):
    """The changes that one process may make.

    Attributes:
        repos: globs; empty for no repository.
    """

    spec: ClassVar[GuardSpec] = FORGE_GUARD

    operations: frozenset[str] = frozenset(OPERATIONS)
    repos: tuple[str, ...] = ()

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return RepoScope(globs).sees(scope)
