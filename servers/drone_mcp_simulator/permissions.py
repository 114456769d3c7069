"""Access checks (harness/drone v2.25.0, `handler/api/acl`)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Perm, Repo, User


class AccessLevel(Enum):
    """The access that a route requires of its caller."""

    GUEST = "guest"
    USER = "user"
    SYSADMIN = "sysadmin"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    MEMBER = "member"
    ORGADMIN = "orgadmin"


REPO_LEVELS = frozenset({AccessLevel.READ, AccessLevel.WRITE, AccessLevel.ADMIN})
ORG_LEVELS = frozenset({AccessLevel.MEMBER, AccessLevel.ORGADMIN})

Refusal = tuple[int, str]
UNAUTHORIZED: Refusal = (401, "Unauthorized")
FORBIDDEN: Refusal = (403, "Forbidden")
NOT_FOUND: Refusal = (404, "Not Found")


def refuse_user(level: AccessLevel, user: User | None) -> Refusal | None:
    """Check a route that requires a user or a system administrator."""
    if level is AccessLevel.GUEST:
        return None
    if user is None:
        return UNAUTHORIZED
    if level is AccessLevel.SYSADMIN and not user.admin:
        return FORBIDDEN
    return None


def refuse_repo(level: AccessLevel, user: User | None, repo: Repo | None, perm: Perm | None) -> Refusal | None:
    """Check a route of a repository: 404 if the caller may not read it, 401 for a guest."""
    open_to_caller = {"public"} if user is None else {"public", "internal"}
    if repo is not None and level is AccessLevel.READ and repo.visibility in open_to_caller:
        return None
    # The order is Drone's, and clients notice it: a guest gets 401 even for a repository that does not exist, so that
    # it learns nothing of private ones.
    if user is None:
        return UNAUTHORIZED
    if repo is not None and user.admin:
        return None
    if repo is None or perm is None:
        return NOT_FOUND
    if not user.active:
        return FORBIDDEN
    return None if _allows(perm, level) else NOT_FOUND


def _allows(perm: Perm, level: AccessLevel) -> bool:
    if level is AccessLevel.READ:
        return perm.read
    if level is AccessLevel.WRITE:
        return perm.read and perm.write
    return perm.read and perm.write and perm.admin


def refuse_org(user: User | None, namespace: str) -> Refusal | None:
    """Check a route of an organization.

    Drone gets no membership from Gitea, so only the user with the namespace's own name counts as a member.
    """
    if user is None:
        return UNAUTHORIZED
    if user.admin or user.login == namespace:
        return None
    return (401, "Forbidden")
