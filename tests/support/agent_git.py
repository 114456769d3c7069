"""A bare repository, a clone of it in which an agent works, and what the end of its run does there."""

from __future__ import annotations

import copy
import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING, cast

from drone_mcp_config.agents import delivery
from drone_mcp_config.agents.committing import Author
from drone_mcp_config.agents.delivery import Delivery
from drone_mcp_config.agents.foreground import TIMED_OUT
from drone_mcp_config.agents.git import Git

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import pytest

    from drone_mcp_config.agents.foreground import Foreground
    from drone_mcp_config.agents.unpushed_work import Place

SOMEBODY = {"GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com"}


class Plain:
    """Runs git as any program does: what stands in for the foreground does not block this process's signals."""

    def run(
        self, command: Sequence[str], environment: Mapping[str, str], *, aside: tuple[int, int], limit: float
    ) -> int:
        out, err = aside
        with subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err, start_new_session=True
        ) as process:
            try:
                return process.wait(limit)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                return TIMED_OUT


class World:
    """A bare repository, and a clone of it in which the agent works."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        folder.mkdir(exist_ok=True)
        self.remote, self.clone = folder / "remote.git", folder / "clone"
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.git("init", "--quiet", "--bare", "--initial-branch", "work-in-common", str(self.remote), where=folder)
        self.git("clone", "--quiet", str(self.remote), str(self.clone), where=folder)
        self.commit("first")
        self.git("push", "--quiet", "origin", "HEAD:work-in-common")
        self.git("checkout", "--quiet", "-b", "agent")
        monkeypatch.chdir(self.clone)

    def copy(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> World:
        """Return another one in the same state, in its own folder."""
        shutil.copytree(self.remote.parent, folder, symlinks=True)
        other = copy.copy(self)
        other.remote, other.clone = folder / "remote.git", folder / "clone"
        other.git("remote", "set-url", "origin", str(other.remote))
        monkeypatch.chdir(other.clone)
        return other

    def git(self, *arguments: str, where: Path | None = None) -> str:
        command = ["git", "-C", str(where or self.clone), *arguments]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def commit(self, name: str, where: Path | None = None) -> str:
        folder = where or self.clone
        (folder / name).write_text(name, encoding="utf-8")
        self.git("add", name, where=folder)
        who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
        self.git(*who, "commit", "--quiet", "-m", name, where=folder)
        return self.git("rev-parse", "HEAD", where=folder)

    def agent_git(self, **more: str) -> Git:
        return Git(cast("Foreground", Plain()), {**self.environment, **more})

    def there(self, branch: str = "agent", what: str = "%H") -> str:
        return self.git("log", "-1", f"--format={what}", branch, where=self.remote)

    def has(self, branch: str) -> bool:
        return bool(self.git("branch", "--list", branch, where=self.remote))

    def somebody_else_pushes(self, branch: str) -> str:
        other = self.remote.parent / "other"
        self.git("clone", "--quiet", str(self.remote), str(other), where=self.remote.parent)
        commit = self.commit("theirs", other)
        self.git("push", "--quiet", "origin", f"HEAD:{branch}", where=other)
        return commit


def to(branch: str = "agent", session: str = "s-1", **more: object) -> Delivery:
    return Delivery(branch, Author("dev", session), **more)  # type: ignore[arg-type]  # of several types


def deliver(git: Git, where: Delivery, before: frozenset[Place] = frozenset(), **secrets: str) -> str:
    return delivery.deliver(git, where, before, {value: name for name, value in secrets.items()})
