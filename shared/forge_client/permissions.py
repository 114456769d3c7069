"""What may be changed in a repository. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.errors import PermissionDenied
from forge_client.errors import FORGE

if TYPE_CHECKING:
    from forge_client.models.server import Repository


def check_changeable(repository: Repository) -> None:
    """Refuse to change anything in an archived repository, for every write before it is planned.

    Gitea and Forgejo refuse new issues, comments and pull requests there (423), but take edits and labels.

    Raises:
        PermissionDenied: it is archived.
    """
    if repository.archived:
        raise PermissionDenied(
            f"The repository {repository.full_name} is archived, and nothing in it is to be changed",
            next_step="Leave it as it is, or ask an owner of the repository to unarchive it",
            details={"repo": repository.full_name, "reason": "archived"},
            service=FORGE,
        )
