"""The folders with role files: the shipped ones, and one of the user's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from drone_mcp_config.errors import UserError

ENDING = ".yaml"


@dataclass(frozen=True)
class RoleLibrary:
    """The folders that hold role files; an earlier folder wins."""

    folders: tuple[Path, ...]

    def names(self) -> list[str]:
        """Return every role's name, sorted."""
        return sorted({file.stem for folder in self.folders for file in folder.glob(f"*{ENDING}")})

    def find(self, name: str) -> Path | None:
        """Return the file of a role; a name that is a path finds nothing."""
        if name not in self.names():
            return None
        files = (folder / f"{name}{ENDING}" for folder in self.folders)
        return next((file for file in files if file.is_file()), None)


def shipped_roles() -> Path:
    """Return the folder of the roles that come with drone-mcp: this package, or `roles` of the checkout."""
    here = Path(__file__).parent
    is_installed = any(here.glob(f"*{ENDING}"))  # a wheel has them here (pyproject.toml, force-include)
    return here if is_installed else here.parents[2] / "roles"


def role_library(roles_dir: Path | None) -> RoleLibrary:
    """Return the shipped roles, and those of `roles_dir` before them.

    Raises:
        UserError: when `roles_dir` is no folder.
    """
    if roles_dir is None:
        return RoleLibrary((shipped_roles(),))
    if not roles_dir.is_dir():
        raise UserError(f"--roles-dir {roles_dir}: there is no such folder.")
    return RoleLibrary((roles_dir, shipped_roles()))
