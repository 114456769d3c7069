"""Why a build failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from rich.text import Text

from ci_mcp_kit.sentences import begin_sentence
from drone_mcp_cli.pages.parts import build_address, facts, link, log_lines, status_text, titled

if TYPE_CHECKING:
    from drone_mcp_cli.pages.parts import Page

_EVIDENCE_LINE = re.compile(r"\(line (\d+)\)")


def diagnosis_page(data: dict[str, Any], server: str) -> Page:
    """Return the page of a diagnosis."""
    repo, number = data["repo"], data["number"]
    yield status_text(data.get("status", ""), f"{repo} #{number} {data.get('status', '')}".rstrip())
    if address := build_address(server, repo, number):
        yield link(address)
    yield Text(f"{_sentence(data['summary'])}{_class_of(data)}")
    if target := data.get("on_target"):
        yield Text(f"On the target branch: {target}.")
    for failure in data.get("failures", ()):
        yield Text()
        yield from _failure(failure, build_address(server, repo, number))
    if data.get("more_failures") or data.get("not_run"):
        yield Text()
    yield from titled("More failures", data.get("more_failures", ()))
    yield from titled("Not run because of it", data.get("not_run", ()))
    yield from facts(data, signature="Signature")


def _failure(failure: dict[str, Any], build: str) -> Page:
    stage, step = failure["stage"], failure.get("step")
    exit_code = f", exit {failure['exit_code']}" if failure.get("exit_code") else ""
    numbers = f"stage {stage}" if step is None else f"{stage}/{step}"
    name = f"{numbers} {failure.get('name', '')}".rstrip()
    heading = f"{name}: {failure.get('status', '')}{exit_code}; {failure['role']}"
    yield status_text(failure.get("status", ""), heading)
    if build and step is not None:
        yield link(f"{build}/{stage}/{step}")
    evidence = "; ".join(failure.get("evidence", ()))
    if kind := _class_of(failure).strip():
        yield Text(f"{kind} {_sentence(evidence)}".rstrip())
    for name, label in (("tests", "Failed tests"), ("places", "Places")):
        yield from titled(label, failure.get(name, ()))
    yield from facts(failure, note="Note")
    lines = {int(number) for number in _EVIDENCE_LINE.findall(evidence)}
    yield from log_lines(failure.get("log", ""), lines)
    if failure.get("total_lines") is not None:
        lost = "; the beginning of the log is lost" if failure.get("head_lost") else ""
        yield Text(f"{failure.get('shown', 0)} of {failure['total_lines']} lines{lost}", style="dim")


def _class_of(data: dict[str, Any]) -> str:
    return f" Class: {data['kind']} ({data['confidence']} confidence)." if data.get("kind") else ""


def _sentence(text: str) -> str:
    return f"{begin_sentence(text)}." if text else ""
