"""The next steps of answers, which are written for agents, as commands that a person can copy. Pure."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from drone_mcp_cli.tool_names import ABOUT_ONE_BUILD, COMMANDS

if TYPE_CHECKING:
    from collections.abc import Mapping

# As in "drone_compare_builds with a 4 and b 3" and in "drone_get_build_logs with stage, step and around".
_PAIR: Final = r"(?:(?:number|a|b|stage|step|around) \d+|(?:branch|status|commit) (?!and\b)[\w./-]*\w)"
_PAIRS: Final = rf" with (?P<pairs>{_PAIR}(?:(?:, | and ){_PAIR})*)"
_NAMES: Final = r" with (?:its )?(?P<names>(?:stage|step|around|tail)(?:(?:, | and )(?:stage|step|around|tail))*)"
PHRASES: Final = (
    (
        r"\bCall again with repo as owner/name, as a list of the repositories shows it\b",
        "Name it, as owner/name; drone_list_repos lists those that you can see",
    ),
    (r"\bWait for build (\d+) of (\S+) with this cursor\b", r"Run drone-mcp wait \2 \1"),
    (r"\bCall again\b", "Run it again"),
    (r"\b(?:call again|(?:re)?start the (?:server|client)(?: again)?)\b", "run it again"),
    (r"\bThe operator of this server (?:can set|has to make)\b", lambda found: found[0].split()[-1].capitalize()),
    (r"\bthe operator of this server can set\b", "set"),
    (r"\bwithout dry_run\b", "without the dry run"),
)


@dataclass(frozen=True)
class Words:
    """The words of a terminal.

    Attributes:
        tools: the names of all tools.
        repo: the repository that an answer is about; "" where it is that of the folder.
        number: the number of the build that the answer is about, if it is about one.
    """

    tools: tuple[str, ...]
    repo: str = ""
    number: int | None = None

    def for_terminal(self, text: str) -> str:
        """Return a next step in which each tool is the command that calls it."""
        for phrase, better in PHRASES:
            text = re.sub(phrase, better, text)
        names = "|".join(sorted(map(re.escape, self.tools), key=len, reverse=True))
        call = rf"(?<!call )(?:(?P<verb>Call|call) )?\b(?P<tool>{names})\b(?:{_PAIRS}|{_NAMES})?"
        return re.sub(call, self._command, text) if names else text

    def error_next_step(self, error: Mapping[str, Any]) -> str:
        """Return the next step of a tool's error."""
        details = error.get("details", {})
        if "confirmation" in details:
            return "Run it on a terminal, where you are asked; or add --yes, if you agree to what it says"
        if "said" in details:
            return "Nothing was sent; run it again if you want it after all"
        if "retry_after" in details:
            return f"Wait {details['retry_after']} seconds, then run it again"
        return self.for_terminal(str(error["next_step"]))

    def _command(self, found: re.Match[str]) -> str:
        tool, verb = found["tool"], {"Call": "Run ", "call": "run "}.get(found["verb"] or "", "")
        pairs = dict(part.split(" ", 1) for part in re.split(r", | and ", found["pairs"] or "") if part)
        if self.number is not None and tool in ABOUT_ONE_BUILD:
            pairs = {"number": str(self.number), **pairs}
        own = COMMANDS.get(tool)
        if own is None:
            given = {"repo": self.repo, **pairs} if self.repo else pairs
            words = ["call", tool, *(f"{key}={value}" for key, value in given.items())]
        else:
            target = [word for word in (self.repo, pairs.pop("number", "")) if word]
            words = [own, *target, *(word for key, value in pairs.items() for word in (f"--{key}", value))]
        names = re.sub(r"\b(\w+)\b(?=,| and |$)", r"--\1" if own else r"\1", found["names"] or "")
        return f"{verb}drone-mcp {shlex.join(words)}{f' with {names}' if names else ''}"
