"""Searches what is to be pushed for secrets: those of this run, and text that has the form of one."""

from __future__ import annotations

import fnmatch
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ci_mcp_kit.redact import Redactor
from drone_mcp_config.agents.added_lines import LOG, Addition, read_additions
from drone_mcp_config.agents.git import GitFailed
from drone_mcp_config.agents.remote_branches import count_commits, excluded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from drone_mcp_config.agents.git import Git

MOST_NAMED = 5  # places in a message
MOST_BINARIES = 50  # that are searched, for the secrets of this run
LARGEST_BINARY = 2**24  # bytes of one that are searched
LFS_POINTER = "version https://git-lfs.github.com/spec/v1"  # git-lfs, docs/spec.md


@dataclass
class SecretSearch:
    """Searches the commits that a remote lacks.

    Attributes:
        secrets: of this run -> where each comes from.
        made_up: globs of files whose text may look like a secret, like those of tests.
        found: a place for each secret, in words and without its value.
        has_pointers: whether a file of git-lfs is among what was searched.
    """

    secrets: Mapping[str, str]
    made_up: tuple[str, ...] = ()
    found: list[str] = field(default_factory=list)
    has_pointers: bool = False

    def search(self, git: Git, commit: str, known: Iterable[str]) -> None:
        """Search what `commit` brings that none of the `known` commits has.

        Raises:
            GitFailed: it could not all be searched.
        """
        known = list(known)
        count = count_commits(git, commit, known)
        redactor = Redactor(lambda: self.secrets)
        end = git.began + git.seconds
        seen: set[str] = set()
        binaries: list[Addition] = []
        with git.written(*LOG, commit, *excluded(known)) as (code, out, err):
            for addition in read_additions(out) if code == 0 else ():
                seen.add(addition.commit)
                if addition.blob:
                    binaries.append(addition)
                else:
                    self._search_text(git, redactor, addition)
                if time.monotonic() > end:
                    raise GitFailed(f"it is too much to be searched for secrets in {git.seconds:g} s")
            if code or len(seen) != count:
                said = err.read().decode(errors="replace")
                raise GitFailed(f"git log does not list what is to be searched for secrets ({git.shown(said)})")
        for addition in binaries[:MOST_BINARIES]:
            with git.written("cat-file", "blob", addition.blob) as (code, out, _):
                # Without its NULs, a text of 16 bits in each character reads like one of 8.
                content = out.read(LARGEST_BINARY).replace(b"\0", b"").decode(errors="replace")
            if code == 0 and (name := self._named(content)):
                self.found.append(f"{name} in {git.shown(addition.file)}")

    def _search_text(self, git: Git, redactor: Redactor, addition: Addition) -> None:
        self.has_pointers = self.has_pointers or LFS_POINTER in addition.lines
        text = "\n".join(addition.lines)
        redacted = redactor.redact(text)
        if redacted == text:
            return
        pairs = enumerate(zip(addition.lines, redacted.split("\n"), strict=False))
        at = next((number for number, (line, shown) in pairs if line != shown), 0)
        name = self._named(text)
        if addition.file and not name and any(fnmatch.fnmatch(addition.file, glob) for glob in self.made_up):
            return
        where = f"{git.shown(addition.file)}, line {addition.line + at}" if addition.file else "the message"
        self.found.append(f"{name or 'what looks like a secret'} in {where} of commit {addition.commit[:12]}")

    def _named(self, text: str) -> str | None:
        """Return in words which of this run's secrets a text contains."""
        return next((f"the secret of {name}" for secret, name in self.secrets.items() if secret in text), None)
