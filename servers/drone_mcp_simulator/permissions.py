"""Who may do what (Drone 2.25, `handler/api/acl`)."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drone_mcp_simulator.records import Perm, Repo, User


class Need(Enum):
    """What a route asks of its caller."""

    GUEST = "guest"
    USER = "user"
    SYSADMIN = "sysadmin"
    READ = "read"
    WRITE = "write"
    ADMIN = "admin"
    MEMBER = "member"
    ORGADMIN = "orgadmin"


REPO_NEEDS = frozenset({Need.READ, Need.WRITE, Need.ADMIN})
ORG_NEEDS = frozenset({Need.MEMBER, Need.ORGADMIN})

Refusal = tuple[int, str]
UNAUTHORIZED: Refusal = (401, "Unauthorized")
FORBIDDEN: Refusal = (403, "Forbidden")
NOT_FOUND: Refusal = (404, "Not Found")


def refuse_user(need: Need, user: User | None) -> Refusal | None:
    """Routes that ask for a user or a system administrator."""
    if need is Need.GUEST:
        return None
    if user is None:
        return UNAUTHORIZED
    if need is Need.SYSADMIN and not user.admin:
        return FORBIDDEN
    return None


def refuse_repo(need: Need, user: User | None, repo: Repo | None, perm: Perm | None) -> Refusal | None:
    """Routes of a repository: what may not be seen does not exist, and a guest is asked to sign in."""
    if repo is not None and need is Need.READ and _is_open(repo, user):
        return None
    if user is None:
        return UNAUTHORIZED
    if repo is not None and user.admin:
        return None
    if repo is None or perm is None:
        return NOT_FOUND
    if not user.active:
        return FORBIDDEN
    return None if _allows(perm, need) else NOT_FOUND


def _is_open(repo: Repo, user: User | None) -> bool:
    return repo.visibility == "public" or (repo.visibility == "internal" and user is not None)


def _allows(perm: Perm, need: Need) -> bool:
    if need is Need.READ:
        return perm.read
    if need is Need.WRITE:
        return perm.read and perm.write
    return perm.read and perm.write and perm.admin


def refuse_org(user: User | None, namespace: str) -> Refusal | None:
    """Routes of an organization. Gitea does not tell Drone who is a member, so only the namespace's own user is."""
    if user is None:
        return UNAUTHORIZED
    if user.admin or user.login == namespace:
        return None
    return (401, "Forbidden")
