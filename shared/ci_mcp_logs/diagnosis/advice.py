"""Proposes the next step after a diagnosis. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.cleaning import one_line
from ci_mcp_logs.diagnosis.verdicts import LOW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ci_mcp_logs.diagnosis.answer import Case
    from ci_mcp_logs.diagnosis.verdicts import Verdict

_PLACE = 120  # characters of a place in a source file
# What to do about a failure of each class.
_BY_CLASS: Final = {
    "test": "Open {place} and run the failing test there; {read} shows more",
    "compile": "Fix what the compiler names at {place}",
    "lint": "Correct {place} as the rule says, or run the formatter",
    "dependency": "Check name, version and registry of the dependency; if the registry was down, run the build again",
    "infrastructure": "The change is an unlikely cause: run the build again if the named fault can pass by itself "
    "(network, registry); a full disk, a certificate or a fault that stays needs the operator of the {machines} or of "
    "that service",
    "out_of_memory": "Let the step need less memory (fewer jobs at once) or have more, then run the build again",
    "timeout": "Find what hangs at the end of the log; raise the limit only where it is honest work",
    "cancelled": "See whether a newer build replaced it; run it again if it is still wanted",
    "configuration": "Correct what the lines name: the pipeline file ({pipeline_file}), a script, a secret, a setting "
    "or a permission. The same build fails again without that",
    "approval": "Ask {approver} to approve or decline it",
    "unknown": "Read the end of the step with {read_end}, or look for words with {search}",
}
_ON_A_GUESS: Final = (
    "The class is a guess: read the lines first. If they do not name the cause, read the end of the step with "
    "{read_end}, or look for words with {search}"
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of a CI system in advice: its tools, files and people."""

    read: str
    read_end: str
    search: str
    pipeline_file: str
    machines: str
    approver: str


def advise(verdict: Verdict, cases: Sequence[Case], words: Words) -> str:
    """Propose the next step, at the first place in a source file that the evidence names; "" if nothing failed."""
    named = next((case.places[0] for case in cases if case.counts and case.places), "")
    is_guess = verdict.confidence == LOW and verdict.kind != "unknown"
    text = _ON_A_GUESS if verdict.kind and is_guess else _BY_CLASS.get(verdict.kind, "")
    return text.format(
        place=one_line(named, _PLACE) or "what the lines name",
        read=words.read,
        read_end=words.read_end,
        search=words.search,
        pipeline_file=words.pipeline_file,
        machines=words.machines,
        approver=words.approver,
    )
