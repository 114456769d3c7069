"""An audit line in the words of a person who reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.outgoing_text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping

WIDTH: Final = 120  # characters of each part
# The facts that name the subject of an action, whatever the service is.
_SCOPES: Final = ("repo", "job")
_NUMBERS: Final = (("build", "#"), ("issue", "#"), ("item", " queue item "))


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One line: when, who did what to what, what came of it, and why."""

    time: str
    agent: str
    operation: str
    subject: str
    result: str
    reason: str


def describe(entry: Mapping[str, Any]) -> AuditLine:
    """Describe the facts of a line. They may be of any form: another release may have written them."""
    return AuditLine(
        time=_text(entry.get("time"))[:19].replace("T", " "),
        agent=_agent(entry.get("agent")),
        operation=_text(entry.get("operation")),
        subject=_subject(entry),
        result=_result(entry),
        reason=_reason(entry),
    )


def _agent(agent: Any) -> str:
    if not isinstance(agent, dict):
        return _text(agent)
    named = [_text(agent[key]) for key in ("role", "session", "caller") if agent.get(key)]
    return "/".join(named) or f"process {_text(agent.get('pid'))} on {_text(agent.get('pod'))}"


def _subject(entry: Mapping[str, Any]) -> str:
    scope = next((_text(entry[key]) for key in _SCOPES if entry.get(key)), "")
    number = next((f"{mark}{_text(entry[key])}" for key, mark in _NUMBERS if entry.get(key)), "")
    target = f" to {_text(entry['target'])}" if entry.get("target") else ""
    return f"{scope}{number}{target}"


def _result(entry: Mapping[str, Any]) -> str:
    """Return what happened in one word or two: the event, and the outcome where the event does not say it."""
    event, outcome = _text(entry.get("event")), _text(entry.get("outcome"))
    if event in {"outcome", outcome} or not event:
        return outcome.replace("_", " ")
    return f"{event}, {outcome.replace('_', ' ')}" if outcome else event


def _reason(entry: Mapping[str, Any]) -> str:
    rule = _text(entry.get("rule"))
    said = {
        "rule": "" if rule == "allowed" else f"rule {rule}",
        "code": _text(entry.get("code")),
        "confirmation": f"confirmed by {_text(entry.get('confirmation'))}",
        "message": _text(entry.get("message")),
    }
    return ", ".join(text for key, text in said.items() if entry.get(key) and text)


def _text(value: Any) -> str:
    return "" if value is None else one_line(str(value), WIDTH)
