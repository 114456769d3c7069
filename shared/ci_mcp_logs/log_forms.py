"""The forms in which CI systems write a log around the words of the tools that they run. Pure.

A line may carry a time stamp, the name of the container or parallel branch that wrote it, or a command to the CI system
that marks an error. A group of lines has a heading. Tools and what they say are recognised without all this.

The forms are documented by those who write them:

* `##[group]`, `::group::`, `::error file=…,line=…::`: docs.github.com, "Workflow commands for GitHub Actions"
* `##[section]`, `##[command]`, `##vso[task.logissue …]`: learn.microsoft.com, Azure Pipelines, "Logging commands"
* `section_start:TIME:NAME`: docs.gitlab.com, "CI/CD job logs", custom collapsible sections
* `--- `, `+++ `, `~~~ `: buildkite.com/docs, "Managing log output"
* `[Pipeline] { (NAME)`: jenkinsci/workflow-job-plugin, NewNodeConsoleNote
* `##teamcity[…]`: jetbrains.com/help/teamcity, "Service messages"
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ci_mcp_logs.timestamps import STAMP_BEGINS, stamp_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_READ = 2_000  # characters of a line in which a form is looked for
# A name in brackets is a parallel branch's, unless it is a level, which is the tool's own word.
_LEVEL = r"(?i:error|warn|info|debug|fail|fatal|ok|trace|notice|severe|critical|pass|skip|pipeline|exec)"
# What stands before a tool's own words: BuildKit's step and time, the step of Cloud Build or CodeBuild, a container, a
# package of a monorepo, a branch or Tekton's task, a frame of Terraform's, AddressSanitizer's rule, Ansible's stream.
_BEFORE_WORDS = re.compile(
    r"#\d+ (?:\d+\.\d+ )?|\d{1,5}\.\d{1,3} (?=\S)|Step #\d+(?: - \"[^\"]*\")?: |\[Container\] |[\w.-]+[_-]\d+ +\| ?"
    rf"|@[\w./-]+:[\w-]+: |\[(?!{_LEVEL})[A-Za-z][\w.@/-]*(?: : [\w.@/-]+| [\w.-]+)?\] (?=\S)"
    r"|[│╷╵] ?|= (?==)|stderr: |> (?=[A-Z])"
)
_MOST_BEFORE = 4  # of these on one line: a stamp, a branch, another stamp, a container

_ERROR_COMMAND = re.compile(
    r"(?:##\[error\]|::error(?P<github> [^:\n]*(?::(?!:)[^:\n]*)*)?::"
    r"|##vso\[task\.(?:logissue (?=[^]]*type=error)|complete (?=[^]]*result=Failed))(?P<azure>[^]\n]*)\]"
    r"|##teamcity\[(?:buildProblem|testFailed|message (?=.*status='(?:ERROR|FAILURE)')))(?P<message>.*)",
    re.DOTALL,
)
_PARAMETER = re.compile(r"(?:^|[ ,;])(file|line|sourcepath|linenumber)=([^,;]*)")
_ESCAPED = {"%0D": "\r", "%0A": "\n", "%3A": ":", "%2C": ",", "%3B": ";", "%25": "%"}  # actions/toolkit, command.ts

_GROUP = re.compile(
    r"(?:##\[(?:group|section)\](?:Starting: )?|::group::|section_start:\d+:|travis_fold:start:|\[Pipeline\] \{ \("
    r"|##teamcity\[blockOpened name='|(?:~~~|---|\+\+\+) (?=\$ |[:\u2190-\u2bff\U0001f000-\U0001faff]))"
    r"(?P<name>[^\r\n']*)"
)
_SCRIPT = re.compile(r"(?:##\[group\]|::group::)Run ")  # the heading of a step's commands: they follow, one a line
_SCRIPT_ENDS = re.compile(r"(?:shell|env|with): ?|##\[endgroup\]|::endgroup::")
# `+` is the echo of a shell (`set -x`), `$` that of GitLab and Jenkins, `>` that of npm and yarn, `C:\…>` of cmd.exe.
_COMMAND = re.compile(
    r"(?:(?:\+|\$|>|Step \d+/\d+ : RUN|#\d+ \[.*\] RUN|RUN) +|##\[command\]|\[[\w .-]+\] \$ |[A-Z]:\\[^>\n]*>)(?=\S)"
)


class ErrorCommand(NamedTuple):
    """A command by which a tool reports an error to the CI system; `place` is its `file:line`, "" where it has none."""

    message: str
    place: str = ""


def tool_words(line: str) -> str:
    """Return what a tool itself wrote on the line, without time stamps, prefixes and the mark of an error."""
    for _ in range(_MOST_BEFORE):
        stamp = stamp_of(line) if line[:1] in STAMP_BEGINS else ""
        before = _BEFORE_WORDS.match(line, len(stamp))
        end = before.end() if before else len(stamp)
        if not end:
            break
        line = line[end:]
    reported = error_command(line)
    return reported.message if reported else line


def error_command(line: str) -> ErrorCommand | None:
    """Return the command of a line that reports an error; None where the line has none."""
    found = _ERROR_COMMAND.match(line, 0, _READ) if line[:2] in {"##", "::"} else None
    if not found:
        return None
    given = dict(_PARAMETER.findall(found["github"] or found["azure"] or ""))
    path, number = given.get("file") or given.get("sourcepath"), given.get("line") or given.get("linenumber") or ""
    place = f"{_unescaped(path)}:{number}" if path and number.isdecimal() else ""
    return ErrorCommand(_unescaped(found["message"]).partition("\n")[0], place)


def _unescaped(text: str) -> str:
    for escape, character in _ESCAPED.items():
        text = text.replace(escape, character)
    return text


def group_name(line: str) -> str:
    """Return the name of the group of lines that the line opens; "" where it opens none."""
    found = _GROUP.match(line[len(stamp_of(line)) : _READ])
    return found["name"].strip(" )") if found else ""


def commands_in(lines: Sequence[str]) -> Iterator[str]:
    """Yield the commands that the lines say to have been run, and the names of steps, in the order of the lines."""
    in_script = False
    for line in lines:
        text = line[len(stamp_of(line)) : _READ]
        if in_script and not _SCRIPT_ENDS.match(text):
            yield text
            continue
        in_script = bool(_SCRIPT.match(text))
        if name := group_name(text):
            yield name
        elif _COMMAND.match(text) or _COMMAND.match(text := tool_words(text)):
            yield text
