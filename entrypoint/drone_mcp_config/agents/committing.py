"""Commits what an agent has left in its work tree, and tries beforehand whether git could."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drone_mcp_config.agents.git import GitFailed
from drone_mcp_config.agents.git_status import read_work_tree

if TYPE_CHECKING:
    from pathlib import Path

    from drone_mcp_config.agents.git import Git

DEFAULT_EMAIL = "agent@drone-mcp.invalid"  # RFC 2606: `.invalid` is never registered
# Files in git's folder during an operation: gitrevisions(7) describes the first three, a rebase has a folder.
UNFINISHED = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
HOOKS = ("pre-commit", "prepare-commit-msg", "commit-msg", "post-commit", "pre-push")  # githooks(5)


@dataclass(frozen=True)
class Author:
    """The author of commits, and the run that they belong to."""

    role: str
    session: str = ""

    @property
    def title(self) -> str:
        """The first line of the message of a commit."""
        return f"Save what {f'session {self.session}' if self.session else f'the {self.role} agent'} left"

    @property
    def message(self) -> str:
        """The message of a commit."""
        session = [f"Agent-Session: {self.session}"] if self.session else []
        return "\n".join([self.title, "", f"Agent-Role: {self.role}", *session])

    def settings(self, git: Git) -> list[str]:
        """Return options of git that name a committer where git knows none.

        Variables of git (GIT_AUTHOR_NAME ...) win over them.
        """
        defaults = {"user.name": f"{self.role} agent", "user.email": DEFAULT_EMAIL}
        lacking = {key: value for key, value in defaults.items() if not git.has("config", "--get", key)}
        return [word for key, value in lacking.items() for word in ("-c", f"{key}={value}")]


def try_commit(git: Git, author: Author) -> str:
    """Make a commit of no files that no branch gets, as the work's commit will be made; return it.

    Raises:
        GitFailed: the work could not be committed.
    """
    lock = git.path("index.lock")
    if lock.exists():
        raise GitFailed(f"{lock} exists: another git is at work there, or has ended without removing it")
    signs = git.run("config", "--type=bool", "--get", "commit.gpgsign").out.strip() == "true"
    tree = git.ask("mktree").strip()
    made = git.ask(*author.settings(git), "commit-tree", *(["-S"] if signs else []), "-m", author.message, tree).strip()
    for name in HOOKS:
        hook = git.path(f"hooks/{name}")
        lacking = _lacking_interpreter(hook, git.environment.get("PATH", os.defpath))
        if lacking:
            raise GitFailed(f"the hook {hook} cannot be run, as there is no {lacking}")
    with tempfile.NamedTemporaryFile("w", encoding="utf-8") as message:
        message.write(f"{author.message}\n")
        message.flush()
        judged = git.run("hook", "run", "--ignore-missing", "commit-msg", "--", message.name)
    if not judged.ok and "not a git command" not in judged.err:  # git-hook(1) is there from 2.36 on
        raise GitFailed(f"the hook commit-msg refuses the message {author.title!r} ({git.why(judged)})")
    return made


def _lacking_interpreter(hook: Path, path: str) -> str | None:
    """Return the program that a script lacks to be run; None: it lacks none, or is no script that git would run."""
    if not os.access(hook, os.X_OK):
        return None
    with hook.open("rb") as file:
        line = file.readline(200).decode(errors="replace")
    words = line.removeprefix("#!").split() if line.startswith("#!") else []
    if len(words) > 1 and words[0].endswith("/env") and not words[1].startswith("-") and "=" not in words[1]:
        words = words[1:]
    return words[0] if words and shutil.which(words[0], path=path) is None else None


def commit_work(git: Git, author: Author) -> None:
    """Commit all that is in the work tree, apart from repositories that lie in it.

    Raises:
        GitFailed: it was not committed.
    """
    tree = read_work_tree(git)
    # A conflict after `git stash pop` leaves none of these files, only unmerged entries.
    if tree.is_unmerged or any(git.path(name).exists() for name in UNFINISHED):
        raise GitFailed("it is in the middle of a merge, rebase or the like, so nothing was committed")
    # git would add such a repository as a link to a commit that nobody else has (git-add(1), "embedded repository").
    without = [f":(exclude,literal){path}" for path in tree.nested]
    git.ask("add", "--all", "--", *([".", *without] if without else []))
    if not git.has("diff", "--cached", "--quiet", "--no-ext-diff", "--ignore-submodules=none"):
        git.ask(*author.settings(git), "commit", "--quiet", "--message", author.message)
