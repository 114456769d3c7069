"""The folders of the user and the system in which clients keep their files."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class UserFolders:
    """The folders of this user on this machine."""

    work: Path
    home: Path
    config: Path  # XDG_CONFIG_HOME, or else ~/.config
    appdata: Path  # on Windows alone
    platform: str

    @classmethod
    def here(cls, environment: Mapping[str, str] = os.environ) -> UserFolders:
        """Find them by the environment.

        Raises:
            UserError: when the working directory is gone.
        """
        try:
            work = Path.cwd()
        except FileNotFoundError as error:
            raise UserError("The folder that you are in does not exist any more; change to another.") from error
        home = Path(environment.get("HOME") or _home())
        config = environment.get("XDG_CONFIG_HOME", "")
        return cls(
            work=work,
            home=home,
            # XDG Base Directory Specification, "Basics": a relative path is to be ignored.
            config=Path(config) if Path(config).is_absolute() else home / ".config",
            appdata=Path(environment.get("APPDATA") or home / "AppData" / "Roaming"),
            platform=sys.platform,
        )

    def token_file(self, variable: str) -> Path:
        """Return the file of ours that holds the token of a variable."""
        folder = (self.appdata if self.windows else self.config) / "drone-mcp"
        return folder / variable.lower().replace("_", "-")

    @property
    def windows(self) -> bool:
        """Whether this is Windows."""
        return self.platform == "win32"


def _home() -> Path:
    try:
        return Path.home()
    except RuntimeError:  # a user without an account, as in a container: container engines take / then
        return Path("/")
