"""The rules of a role for administration. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from ci_mcp_kit.guard.rules import Rules
from drone_mcp_admin.guard.action import OPERATIONS
from drone_mcp_admin.guard.secret_sources import matches_scope
from drone_mcp_admin.guard.spec import ADMIN_GUARD

if TYPE_CHECKING:
    from ci_mcp_kit.guard.spec import GuardSpec
    from drone_mcp_admin.guard.action import AdminAction


@dataclass(frozen=True, kw_only=True)
class AdminRules(Rules):
    """The changes that one process may make.

    Attributes:
        scopes: globs of repositories and namespaces, and "server"; empty for nothing.
        trusted: whether a repository may be made trusted.
        admins: whether a user may be made a system administrator.
    """

    spec: ClassVar[GuardSpec] = ADMIN_GUARD

    operations: frozenset[str] = frozenset(OPERATIONS)
    scopes: tuple[str, ...] = ()
    trusted: bool = False
    admins: bool = False

    @override
    def globs_match(self, globs: tuple[str, ...], scope: str) -> bool:
        return any(matches_scope(glob, scope) for glob in globs)

    @override
    def check(self, action: AdminAction) -> None:
        if action.trusts and not self.trusted:
            message = f"This role may not make {action.scope} trusted, as its steps could then control the host"
            raise self.refusal("trusted", message)
        if action.promotes and not self.admins:
            raise self.refusal("admins", "This role may make nobody a system administrator")
