"""`drone-mcp-config agent` as a container runs it: a process of its own, with a role that starts fast."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from support.patience import PATIENCE
from support.warm import warm_python

if TYPE_CHECKING:
    from collections.abc import Sequence

SERVER = """\
import json, sys

for line in sys.stdin:
    asked = json.loads(line)
    if "id" not in asked:
        continue
    reply = {"error": {"code": -32601, "message": "unknown"}}
    if asked["method"] == "initialize":
        version = asked["params"]["protocolVersion"]
        about = {"name": "tiny", "version": "1"}
        reply = {"result": {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": about}}
    if asked["method"] == "tools/list":
        reply = {"result": {"tools": [{"name": "one", "inputSchema": {"type": "object"}}]}}
    print(json.dumps({"jsonrpc": "2.0", "id": asked["id"], **reply}), flush=True)
"""
ROLES = Path(__file__).parent / "roles"
ROLE = """\
role: {name}
external:
  {server}: {{command: {python}, args: ["{script}"]}}
"""


@dataclass
class Place:
    """A folder with a work tree, roles and a place for temporary files, and agents started in it."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("work", "temporary", "home"):
            (self.folder / name).mkdir(exist_ok=True)
        shutil.copytree(ROLES, self.folder / "roles", dirs_exist_ok=True)
        self.role("tiny", "tiny", SERVER)

    @property
    def work(self) -> Path:
        """Where agents are started."""
        return self.folder / "work"

    @property
    def left(self) -> list[str]:
        """What is left of temporary files."""
        return sorted(path.name for path in (self.folder / "temporary").iterdir())

    def role(self, name: str, server: str, script: str, more: str = "") -> None:
        """Write a role with one server, which runs a script."""
        path = self.folder / f"{name}_server.py"
        path.write_text(script, encoding="utf-8")
        text = ROLE.format(name=name, server=server, python=sys.executable, script=path)
        (self.folder / "roles" / f"{name}.yaml").write_text(text + more, encoding="utf-8")

    def variables(self, **more: str) -> dict[str, str]:
        """Return an agent's environment: nothing of this machine's own settings but its PATH."""
        own = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "TMPDIR": str(self.folder / "temporary"),
            "DRONE_SERVER": "http://127.0.0.1:1",
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        return {**own, **self.environment, **more}

    def argv(self, *options: str, command: Sequence[str], role: str = "tiny") -> list[str]:
        """Return the command line of an agent."""
        return [sys.executable, *self._arguments(options, command, role)]

    def _arguments(self, options: Sequence[str], command: Sequence[str], role: str) -> list[str]:
        roles = str(self.folder / "roles")
        return ["-m", "drone_mcp_config", "agent", "--role", role, "--roles-dir", roles, *options, "--", *command]

    def run(
        self, *options: str, command: Sequence[str], role: str = "tiny", text: str = "", **variables: str
    ) -> subprocess.CompletedProcess[str]:
        """Run an agent to its end."""
        return subprocess.run(
            [*warm_python(), *self._arguments(options, command, role)],
            env=self.variables(**variables),
            cwd=self.work,
            input=text,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def start(self, *options: str, command: Sequence[str], role: str = "tiny") -> subprocess.Popen[str]:
        """Start an agent that is to be sent signals; its output can be read while it runs."""
        return subprocess.Popen(
            [*warm_python(), *self._arguments(options, command, role)],
            env=self.variables(),
            cwd=self.work,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


def python(script: str) -> list[str]:
    """Return the command that runs a script."""
    return [sys.executable, "-c", script]
