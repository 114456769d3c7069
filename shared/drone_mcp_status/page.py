"""The status page as HTML: one document without scripts, which the browser loads again every few seconds. Pure."""

from __future__ import annotations

import base64
import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from drone_mcp_status.durations import duration
from drone_mcp_status.elements import Html, element, join

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from drone_mcp_status.page_data import (
        AuditLog,
        CallUnderWay,
        Check,
        Condition,
        Overview,
        RedRef,
        ShownBuild,
        WaitingBuild,
    )

REFRESH: Final = 5  # seconds
_STYLE: Final = Path(__file__).with_name("page.css").read_text(encoding="utf-8")
_STYLE_HASH: Final = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""The Content-Security-Policy: no script, nothing from elsewhere, and no style but the page's own (CSP Level 3)."""

_WAITING: Final = {"approval": "waits for approval", "runner": "waits for a runner", "steps": "running"}
_WORDS: Final[dict[Condition, str]] = {"good": "ok", "warning": "look", "bad": "fails", "off": "off"}


def render(overview: Overview) -> str:
    """Return the page."""
    headline, condition = _headline(overview)
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="refresh", content=str(REFRESH)),
        element("title", f"{headline} · drone-mcp"),
        element("style", Html(_STYLE)),
    )
    clock = datetime.fromtimestamp(overview.at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    body = element(
        "body",
        element("h1", headline, class_=condition),
        element("p", f"{overview.subject} · {clock} · refreshed every {REFRESH} seconds", class_="faint"),
        *(element("p", gap) for gap in overview.gaps),
        *_builds(overview),
        *_calls(overview.calls, overview.at),
        *(part for audit in overview.audits for part in _audit(audit)),
        *_list("Health", [_check(check) for check in overview.checks], "Nothing is checked here."),
    )
    return f"<!doctype html>{element('html', head, body, lang='en')}"


def _headline(overview: Overview) -> tuple[str, Condition]:
    if overview.red is None:
        return "Builds unknown", "off"
    if overview.red:
        return f"{len(overview.red)} red", "bad"
    # Not in green while something is missing on the page, or may be out of date.
    is_sure = not overview.gaps and all(check.condition in {"good", "off"} for check in overview.checks)
    return "Nothing red", "good" if is_sure else "warning"


def _builds(overview: Overview) -> Iterable[Html]:
    if overview.red is not None:
        yield from _list("Red", [_red(one, overview.at) for one in overview.red], "No branch is red.")
    if overview.waiting is not None:
        rows = [_waiting(one, overview.at) for one in overview.waiting]
        yield from _list("Waiting and running", rows, "No build waits or runs.")


def _calls(calls: Sequence[CallUnderWay] | None, now: float) -> Iterable[Html]:
    if calls is None:
        return
    rows = [
        _row("off", element("b", call.tool), f" {call.caller or 'an agent'}, for {duration(now - call.since)}")
        for call in calls
    ]
    yield from _list("Calls under way", rows, "No agent waits for an answer.")


def _list(title: str, rows: Sequence[Html], empty: str) -> Iterable[Html]:
    yield element("h2", title)
    yield element("ul", *rows) if rows else element("p", empty, class_="faint")


def _row(condition: Condition, *children: str) -> Html:
    return element("li", *children, class_=condition)


def _red(red: RedRef, now: float) -> Html:
    at_least = "" if red.is_exact else "at least "
    since = f"red for {at_least}{duration(now - red.since)}, since build {red.first}"
    step = f" · {red.build.step}" if red.build.step else ""
    return _row("bad", _name(red.build), element("div", f"{since}{step}"), _title(red.build))


def _waiting(waiting: WaitingBuild, now: float) -> Html:
    step = f" · {waiting.build.step}" if waiting.build.step else ""
    what = f"{_WAITING[waiting.waits_for]}, for {duration(now - waiting.since)}{step}"
    condition: Condition = "warning" if waiting.waits_for == "approval" else "off"
    return _row(condition, _name(waiting.build), element("div", what), _title(waiting.build))


def _name(build: ShownBuild) -> Html:
    name = f"{build.repo} #{build.number}"
    return join(element("a", name, href=build.url) if build.url else element("b", name), f" {build.ref}")


def _title(build: ShownBuild) -> Html:
    by = f" · {build.author}" if build.author else ""
    return element("div", f"{build.title}{by}", class_="faint")


def _audit(audit: AuditLog) -> Iterable[Html]:
    yield element("h2", f"Actions of agents ({audit.name})")
    yield element("p", _word(audit.condition), f" {audit.verdict}")
    rows = []
    for line in audit.lines:
        action = element("b", f"{line.operation} {line.subject}".strip())
        cells = element("span", line.time), element("span", line.agent), action, element("span", line.result)
        reason = [element("div", line.reason, class_="faint")] if line.reason else []
        rows.append(_row("off", element("div", *cells, class_="line"), *reason))
    if rows:
        yield element("ul", *rows)


def _check(check: Check) -> Html:
    return _row(check.condition, element("b", check.name), " ", _word(check.condition), element("div", check.text))


def _word(condition: Condition) -> Html:
    return element("span", _WORDS[condition], class_=f"word {condition}")
