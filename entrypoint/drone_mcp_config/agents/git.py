"""Runs git in the foreground, and quotes its output without secrets."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import Cleaner
from ci_mcp_kit.redact import Redactor
from drone_mcp_config.secrecy import names_a_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from drone_mcp_config.agents.foreground import Foreground

LONGEST_QUOTE = 600  # characters of git's output in a message
# `!` marks a rejected ref in the output of `git push --porcelain` (git-push(1), OUTPUT).
REASONS = ("!", "fatal:", "error:", "remote:")
# Nobody is there to answer a question, and REASONS are words of git's untranslated messages.
QUIET = {"GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}


@dataclass(frozen=True)
class GitResult:
    """The outcome of a git command."""

    code: int
    out: str
    err: str

    @property
    def ok(self) -> bool:
        """Whether it succeeded."""
        return self.code == 0


@dataclass(frozen=True)
class Git:
    """Runs git in the working directory.

    Attributes:
        environment: of git: identity, credentials, its own settings.
    """

    foreground: Foreground
    environment: Mapping[str, str]

    def run(self, *arguments: str) -> GitResult:
        """Run one command.

        Raises:
            OSError: there is no git.
        """
        # No pipes: nobody reads until git has ended, and a full pipe would block it.
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            aside = (out.fileno(), err.fileno())
            code = self.foreground.run(["git", *arguments], {**self.environment, **QUIET}, aside=aside)
            out.seek(0)
            err.seek(0)
            return GitResult(code, out.read().decode(errors="replace"), err.read().decode(errors="replace"))

    def why(self, ran: GitResult) -> str:
        """Return the lines of output that say why a command failed, redacted."""
        lines = [line.strip() for line in f"{ran.out}\n{ran.err}".splitlines() if line.strip()]
        reasons = [line for line in lines if line.startswith(REASONS)] or lines[-1:]
        quote = "; ".join(" ".join(line.split()) for line in reasons) or f"git ended with {ran.code}"
        secrets = [value for name, value in self.environment.items() if value and names_a_secret(name)]
        return Cleaner(Redactor(lambda: secrets)).text(quote)[:LONGEST_QUOTE]
