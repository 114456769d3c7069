"""Answers `drone_get_pull_request_diff`: which files change, then hunks, as far as the budget lasts. One request."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.errors import InvalidInput, UnexpectedAnswer
from ci_mcp_kit.outgoing_text import cleaned, one_line
from ci_mcp_kit.suggesting import suggest
from ci_mcp_logs.answer_text import size_of
from ci_mcp_logs.line_budget import new_nonce, room_of
from forge_client.diffs import FileDiff, split_diff
from forge_client.errors import FORGE
from forge_issues.reading.views import DiffView

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from forge_access.access import ForgeAccess
    from forge_client.forge import Forge

MOST_FILES: Final = 60  # listed
PATH_WIDTH: Final = 120
LINE_WIDTH: Final = 300
FILES_SHARE: Final = 0.4  # of the budget, at most, for the list of files

# What tools write, which says least about a change: lock files, vendored code, minified and generated files.
_GENERATED: Final = re.compile(
    r"(^|/)(package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|uv\.lock|Pipfile\.lock"
    r"|Cargo\.lock|go\.sum|composer\.lock|Gemfile\.lock|flake\.lock|gradle\.lockfile)$"
    r"|(^|/)(vendor|node_modules|third_party|dist|__snapshots__)/"
    r"|(\.min\.(js|css)|\.map|\.snap|\.lock|_pb2\.py|\.pb\.go|\.generated\.\w+|_generated\.\w+)$"
)


async def get_diff(access: ForgeAccess, repo: str, number: int, paths: Sequence[str], token_budget: int) -> DiffView:
    """Read the diff of a pull request. One request, as the forge has no other way to send hunks."""

    async def ask(forge: Forge, name: str) -> DiffView:
        text = await forge.pull_diff(name, number)
        files = split_diff(text)
        if text.strip() and not files:
            raise UnexpectedAnswer(f"The answer for the diff of pull request {number} is no diff", service=FORGE)
        return compose_diff(name, number, files, paths, token_budget, new_nonce())

    return await access.ask_forge(repo, ask)


def compose_diff(
    repo: str, number: int, files: Sequence[FileDiff], paths: Sequence[str], budget: int, nonce: str
) -> DiffView:
    """Return the answer: all files in a line each, then the hunks of the chosen ones while there is room. Pure."""
    chosen = choose_files(files, paths)
    lines = _list_files((chosen if paths else rank(files))[:MOST_FILES], budget * FILES_SHARE)
    unlisted = (len(chosen) if paths else len(files)) - len(lines)
    view = DiffView(repo=repo, number=number, files=tuple(lines), total_files=len(files))
    room = budget - size_of(view) - 60  # the frame, and what was left out
    while True:
        hunks, shown = _write_hunks(chosen, int(room))
        left_out = [f"{unlisted} more files"] if unlisted > 0 else []
        if shown < len(chosen):
            left_out.append(f"hunks from {one_line(chosen[shown].path, PATH_WIDTH)} on")
        answer = view.model_copy(
            update={
                "hunks": "\n".join([f"<<<diff {nonce}", *hunks, f"{nonce} diff>>>"]) if hunks else "",
                "left_out": "; ".join(left_out),
                "next_step": "Give paths, or a larger token_budget, to see the rest" if shown < len(chosen) else "",
            }
        )
        excess = size_of(answer) - budget
        if excess <= 0 or not hunks:
            return answer
        room -= excess  # names of files that were left out may take more than the room kept for them


def rank(files: Iterable[FileDiff]) -> list[FileDiff]:
    """Return the files with those last that people do not write."""
    return sorted(files, key=lambda file: bool(file.is_binary or _GENERATED.search(file.path)))


def choose_files(files: Sequence[FileDiff], paths: Sequence[str]) -> list[FileDiff]:
    """Return the files whose path matches one of `paths`, which are globs or folders; all of them for none.

    Raises:
        InvalidInput: nothing matches one.
    """
    if not paths:
        return rank(files)
    found: list[FileDiff] = []
    for path in paths:
        matching = [file for file in files if _matches(path, file)]
        if not matching:
            known = [one_line(file.path, PATH_WIDTH) for file in rank(files)][:20]
            raise InvalidInput(
                f"The pull request does not change {one_line(path, PATH_WIDTH)!r}",
                next_step=suggest(path, known, "It changes"),
            )
        found += [file for file in matching if file not in found]
    return rank(found)


def _matches(path: str, file: FileDiff) -> bool:
    names = {file.path, file.previous_path} - {""}
    folder = path.rstrip("/") + "/"
    return any(fnmatchcase(name, path) or name.startswith(folder) for name in names)


def _list_files(files: Sequence[FileDiff], room: float) -> list[str]:
    """Return a line for each file, as long as there is room."""
    listed: list[str] = []
    for file in files:
        added = sum(line.startswith("+") for hunk in file.hunks for line in hunk.lines)
        removed = sum(line.startswith("-") for hunk in file.hunks for line in hunk.lines)
        renamed = f" (from {one_line(file.previous_path, PATH_WIDTH)})" if file.previous_path else ""
        size = " binary" if file.is_binary else f" +{added} -{removed}"
        row = f"{one_line(file.path, PATH_WIDTH)}{renamed}{size}"
        room -= room_of(row) + 2
        if room < 0:
            break
        listed.append(row)
    return listed


def _write_hunks(files: Sequence[FileDiff], room: int) -> tuple[list[str], int]:
    """Return the lines of hunks that fit, whole files first, and how many files they show whole."""
    written: list[str] = []
    for index, file in enumerate(files):
        rows = [f"--- {one_line(file.path, PATH_WIDTH)}"]
        for hunk in file.hunks:
            rows.append(f"@@ line {hunk.new_start} (before: {hunk.old_start}) @@")
            lines = (cleaned(line.rstrip("\r")) for line in hunk.lines)
            rows += [line if len(line) <= LINE_WIDTH else f"{line[:LINE_WIDTH]}…" for line in lines]
        if not file.hunks:
            rows.append("binary" if file.is_binary else "no line changed")
        for row in rows:
            room -= room_of(row)
            if room < 0:
                return [*written, "…"] if written else [], index
            written.append(row)
    return written, len(files)
