"""The forms in which CI systems write a log around the words of the tools that they run. Pure.

A line may carry a time stamp, the name of the container or parallel branch that wrote it, or a command to the CI system
that marks an error. A group of lines has a heading. Tools and what they say are recognised without all this. An answer
shows the time stamps once for all of its lines.

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
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# RFC 3339 and its relatives with a blank, a slash, a comma or without an offset; a clock alone; logfmt's time="...".
# GitLab adds the number and the letter of the stream, and a `+` without a blank where a line goes on (gitlab-runner 17,
# FF_TIMESTAMPS). Jenkins' clock is followed by two blanks (plugins.jenkins.io/timestamper).
_STAMP = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z \d\d[EO](?:\+|[ \t]|$)|\d\d:\d\d:\d\d  "
    r"|(?:\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?\]?"
    r"|\[?\d\d:\d\d:\d\d(?:[.,]\d{1,9})?\]?"
    r'|time="\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)?")(?:[ \t]|$)',
    re.ASCII,
)
STAMP_BEGINS = frozenset("0123456789[t")  # the first characters that a stamp may have, which is quicker to test
_VALUES = str.maketrans("", "", "0123456789.,+EO")  # E and O: streams
_SAMPLE = 256  # lines of a log, spread over it, in which its form is looked for
_LEAST = 4  # lines of the sample that must begin with a stamp of that form
_ROOM = 56  # tokens: two of the longest stamps, and what they mean
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


def stamp_of(line: str) -> str:
    """Return the time stamp at the beginning of a line, including the blank after it; "" for none."""
    found = _STAMP.match(line) if line[:1] in STAMP_BEGINS else None
    return found[0] if found else ""


def form_of(stamp: str) -> str:
    """Return the form of a stamp: the stamp without its digits, which is equal for all stamps of that form."""
    return stamp.strip().translate(_VALUES)


def common_form(lines: Sequence[str]) -> str:
    """Return the form of the time stamps at the beginning of most lines; "" where hardly a line has one."""
    stamps = map(stamp_of, lines[:: len(lines) // _SAMPLE + 1])
    found = Counter(form_of(stamp) for stamp in stamps if stamp).most_common(1)
    return found[0][0] if found and found[0][1] >= _LEAST else ""


def split_stamp(line: str, form: str) -> tuple[str, str]:
    """Return the time stamp of a line, "" where it has none of that form, and the rest of the line."""
    stamp = stamp_of(line) if form else ""
    if not stamp or form_of(stamp) != form:
        return "", line
    # Of two blanks the second may be the indentation of the rest.
    return stamp.strip(), line[len(stamp) - stamp.endswith("  ") :]


def stamps_room(form: str) -> int:
    """Return how many tokens an answer needs to say the first and the last time of lines stamped in that form."""
    return _ROOM if form else 0


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
