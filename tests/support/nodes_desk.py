"""The command in a person's shell: a folder with the configuration and the definitions of services."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from support.patience import PATIENCE
from support.terminal import Terminal, on_terminal
from support.warm import warm_python

if TYPE_CHECKING:
    from contextlib import AbstractContextManager
    from pathlib import Path

ARGUMENTS = ["-m", "drone_nodes"]


@dataclass
class Done:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        return json.loads(self.out)


@dataclass
class Desk:
    """A person's folder and environment."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)
    reader: str = ""  # a token with which nothing can be changed

    @property
    def configuration(self) -> Path:
        return self.folder / "config.toml"

    @property
    def services(self) -> Path:
        return self.folder / "services"

    def run(self, *arguments: str, text: str = "", **variables: str) -> Done:
        """Run a command without a terminal, to its end."""
        done = subprocess.run(
            [*warm_python(), *ARGUMENTS, *arguments],
            env=self._environment(variables),
            cwd=self.folder,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command whose output is read while it runs."""
        return subprocess.Popen(
            [*warm_python(), *ARGUMENTS, *arguments],
            env=self._environment({}),
            cwd=self.folder,
            stdout=subprocess.PIPE,
            text=True,
        )

    def terminal(self, *arguments: str, **variables: str) -> AbstractContextManager[Terminal]:
        """Run a command on a terminal."""
        return on_terminal([*warm_python(), *ARGUMENTS, *arguments], self._environment(variables), self.folder)

    def define(self, name: str, text: str) -> Path:
        """Write a definition."""
        self.services.mkdir(exist_ok=True)
        path = self.services / f"{name}.toml"
        path.write_text(text, encoding="utf-8")
        return path

    def _environment(self, more: dict[str, str]) -> dict[str, str]:
        unset = {"MCP_CONFIG", "MCP_TOKEN", "EDITOR", "VISUAL"}
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        return {**kept, "MCP_CONFIG": str(self.configuration), "TERM": "xterm-256color", **self.environment, **more}
