"""The parts that the answers of several tools share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.answer import View, to_json
from ci_mcp_kit.token_count import count_tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

Texts = tuple[str, ...]

# A runner keeps the last 5 MiB of a log (drone/runner-go, livelog/livelog.go).
LOST_CAUSE = "the beginning is lost and the cause may be in it"
LOST_HEAD = f"{LOST_CAUSE}; numbers count from what is left"
PRINT_LESS = "let the step print less, or write to a file and print its end, and run it again"


class StepView(View):
    """What names a step, and how it stands."""

    stage: int
    step: int
    name: str = ""
    status: str = ""
    exit_code: int | None = None
    note: str = ""

    @property
    def heading(self) -> str:
        """The step in a line."""
        standing = f": {self.status}" if self.status else ""
        exit_code = f", exit {self.exit_code}" if self.exit_code else ""
        return f"{f'{self.stage}/{self.step} {self.name}'.strip()}{standing}{exit_code}"


class BuildView(View):
    """What names a build."""

    repo: str
    number: int
    status: str = ""

    @property
    def heading(self) -> str:
        """The build in a line."""
        return f"{self.repo} #{self.number}{f' {self.status}' if self.status else ''}"


def titled(title: str, lines: Sequence[str]) -> list[str]:
    """Return `lines` below their title; nothing where there are none."""
    return [f"{title}:", *(f"  {line}" for line in lines)] if lines else []


def joined(head: str, parts: Sequence[str], others: Sequence[str], next_step: str) -> str:
    """Return the text of an answer: its heading, its parts, further facts and the next step."""
    rows = [head, *parts, *others, f"Next: {next_step}" if next_step else ""]
    return "\n".join(row for row in rows if row)


def size_of(view: View) -> int:
    """Return how many tokens an answer has, as text or as JSON, whichever is more."""
    # Clients differ in what they give to the model: Claude Code and Codex the structured content, Gemini CLI and
    # OpenCode the text.
    return max(count_tokens(view.as_text() or ""), count_tokens(to_json(view)))
