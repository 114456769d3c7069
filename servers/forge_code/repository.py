"""Shows a repository as Drone and the forge have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ci_mcp_kit.outgoing_text import one_line
from drone_mcp_client.errors import AuthenticationFailed, NotFound, PermissionDenied
from forge_code.views import DroneSide, ForgeSide, ProtectedBranch, RepositoryView

if TYPE_CHECKING:
    from drone_mcp_client.models import Repo
    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge
    from forge_client.models.base import Page
    from forge_client.models.code import Branch
    from forge_client.models.server import Repository

MOST_CHECKS: Final = 10  # of a branch
MOST_BRANCHES: Final = 10
WIDTH: Final = 120


async def show_repository(access: ForgeAccess, slug: str) -> RepositoryView:
    """Show a repository. Costs three requests: its record at Drone and at the forge, and a page of its branches.

    The branches are not read where one request has told the new name of the repository.
    """

    async def ask(forge: Forge, repo: str) -> tuple[Repository, Page[Branch] | None]:
        found = await forge.repository(repo)
        return found, await forge.branches(repo)

    async def ask_briefly(forge: Forge, repo: str) -> tuple[Repository, Page[Branch] | None]:
        return await forge.repository(repo), None

    repository, branches = await access.ask_forge(slug, ask, ask_briefly)
    known = await _read_drone(access, slug)
    protected = [branch for branch in branches.items if branch.protected] if branches else []
    notes = [
        f"It is {repository.full_name} at the forge by now; Drone keeps the old name until it synchronizes"
        if repository.full_name.lower() != slug.lower()
        else "",
        "" if branches else "Its branches were not read, as it has a new name: call again",
        "Drone does not know it, or the token may not read it there" if known is None else "",
        f"Drone has {one_line(known.default_branch, WIDTH)!r} as its default branch"
        if known and known.default_branch != repository.default_branch
        else "",
        f"Only {len(branches.items)} of {branches.total} branches were looked at"
        if branches and branches.next_page
        else "",
        f"{len(protected) - MOST_BRANCHES} more protected branches" if len(protected) > MOST_BRANCHES else "",
    ]
    return RepositoryView(
        repo=slug,
        renamed_to=repository.full_name if repository.full_name.lower() != slug.lower() else "",
        forge=_forge_side(repository),
        drone=_drone_side(known) if known else None,
        protected_branches=tuple(map(_protected, protected[:MOST_BRANCHES])),
        note="; ".join(note for note in notes if note),
        next_step="" if known is None or known.active else "Ask someone with admin rights to activate it in Drone",
    )


async def _read_drone(access: ForgeAccess, slug: str) -> Repo | None:
    drone = await access.client()
    try:
        return await drone.repo(slug)
    except (AuthenticationFailed, NotFound, PermissionDenied):
        return None


def _forge_side(repository: Repository) -> ForgeSide:
    rights = repository.permissions
    right = "admin" if rights and rights.admin else "write" if rights and rights.push else "read"
    return ForgeSide(
        page=repository.url,
        default_branch=one_line(repository.default_branch, WIDTH),
        description=one_line(repository.description),
        private=repository.private,
        archived=repository.archived,
        fork_of=repository.parent,
        empty=repository.empty or None,
        rights=right if rights else "",
    )


def _drone_side(repo: Repo) -> DroneSide:
    return DroneSide(
        active=repo.active,
        default_branch=one_line(repo.default_branch, WIDTH),
        config_path=one_line(repo.config_path, WIDTH),
        approval_needed=repo.protected,
        trusted=repo.trusted,
        minutes=repo.timeout,
        builds=repo.counter,
    )


def _protected(branch: Branch) -> ProtectedBranch:
    checks = branch.status_check_contexts if branch.enable_status_check else ()
    return ProtectedBranch(
        branch=one_line(branch.name, WIDTH),
        required_checks=tuple(one_line(check, WIDTH) for check in checks[:MOST_CHECKS]),
        approvals=branch.required_approvals,
        may_push=branch.user_can_push,
    )
