"""Judges the class of a failure, with evidence and confidence. Pure rules, the surest first."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ci_mcp_kit.cleaning import one_line
from drone_mcp_build import failure_class
from drone_mcp_client.status import blocked_stages, failed_at_trigger
from drone_mcp_logs.common.steps import ERROR

if TYPE_CHECKING:
    from ci_mcp_logs.distill import Block, Excerpt
    from drone_mcp_build.failed_steps import FailedStep
    from drone_mcp_client.models import Build

HIGH, MEDIUM, LOW = "high", "medium", "low"
_REASONS = 2  # that a verdict quotes from the log
_MOST, _SOME = 3 / 5, 1 / 4  # parts of all evidence that a class needs to be sure, and to be likely


@dataclass(frozen=True, slots=True)
class Verdict:
    """A class of failure, one of `failure_class.CLASSES`; "" where nothing failed."""

    kind: str = "unknown"
    confidence: str = LOW
    evidence: tuple[str, ...] = ()


UNKNOWN = Verdict(evidence=("neither status, exit code, error nor log tell a class",))
NOTHING = Verdict("", "")

# Wordings of lines for which the anchors have no class, or only a general one.
_WORDS = (
    (r"\[build failed\]|\bcompilation (?:failed|error)|CompileError|could not compile", "compile"),
    (r"Compile(?:Incremental)?\) |errors? found$", "compile"),
    (r"unable to compile|\bcompile error|Syntax ?Error", "compile"),
    (r"\btests? (?:failed|timed out)|\d+ (?:tests? )?fail(?:ed|ures?)\b|^not ok \d", "test"),
    (r"\bfailed on line \d+$", "test"),
    (r"error occurr?ed while installing|\b(?:failed|unable) to install\b", "dependency"),
    (r"^No \w+file found|\btask never defined\b", "configuration"),
    (r"code style issues|\bprettier\b|\bformatting\b", "lint"),
)


def verdict_of(failed: FailedStep, found: Excerpt | None, limit: int = 0) -> Verdict:
    """Judge a failure by Drone's data, then by its log; `limit` is the repository's in seconds, 0 where unknown."""
    log = _of_log(found) if found else UNKNOWN
    sure = failure_class.judge(failed, limit)
    if sure is None:
        return _of_name(failed, log) if log.confidence == LOW else log
    ended = Verdict(sure.kind, sure.confidence, (sure.why or _runner_says(failed),))
    # What Drone and the runner have recorded outweighs any text that the step printed.
    if failed.status in {"killed", "error"} or failed.error:
        return ended
    if log.kind == ended.kind:
        return Verdict(log.kind, HIGH, ended.evidence + log.evidence)
    # A watchdog inside the step ends it with 130 or 143 as well, and then the log names the time limit.
    if ended.kind == "cancelled" and log.kind == "timeout":
        return replace(log, evidence=ended.evidence + log.evidence)
    return ended


def _runner_says(failed: FailedStep) -> str:
    return f"the runner says: {one_line(failed.error, ERROR)}" if failed.error else "the runner could not run it"


def verdict_of_build(build: Build) -> Verdict:
    """Judge a build in which no stage and no step failed."""
    if held := blocked_stages(build):
        return Verdict("approval", HIGH, (f"{len(held)} of its stages wait for approval",))
    if build.status == "declined":
        return Verdict("approval", HIGH, ("it was refused approval",))
    if failed_at_trigger(build):
        return Verdict("configuration", HIGH, (f"Drone could not start it: {one_line(build.error, ERROR)}",))
    if build.status in {"killed", "skipped"}:
        return Verdict("cancelled", HIGH, (f"the build was {build.status} before anything failed",))
    return UNKNOWN if build.status in {"failure", "error"} else NOTHING


def _of_log(found: Excerpt) -> Verdict:
    """Return the class with the most evidence."""
    weights: dict[str, float] = defaultdict(float)
    blocks: dict[str, list[Block]] = defaultdict(list)
    for block in found.by_weight:
        if kind := _kind(block):
            weights[kind] += block.score
            blocks[kind].append(block)
    if not weights:
        return UNKNOWN
    kind = max(weights, key=lambda kind: weights[kind])
    share = weights[kind] / (sum(block.score for block in found.blocks) or 1)
    why = tuple(f"{block.reason} (line {block.start})" for block in blocks[kind][:_REASONS])
    return Verdict(kind, HIGH if share >= _MOST else MEDIUM if share >= _SOME else LOW, why)


def _kind(block: Block) -> str:
    """Return the class by the block's anchors, or by its wording where they give none, or only `lint`."""
    if block.kind not in {"", "lint"}:
        return block.kind
    text = "\n".join(line.text for line in block.lines)
    said = [kind for pattern, kind in _WORDS if re.search(pattern, text, re.IGNORECASE | re.MULTILINE)]
    return next((kind for kind in said if not block.kind or kind == "compile"), block.kind)


def _of_name(failed: FailedStep, log: Verdict) -> Verdict:
    """Guess by the name of the step, where the log gives little evidence."""
    name = failed.own_name
    guess = failure_class.judge_name(name)
    return Verdict(guess.kind, guess.confidence, (f"only its name {one_line(name, 60)!r} tells",)) if guess else log
