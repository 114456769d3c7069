"""The command `audit verify FILE` of a server that writes: checks that an audit file is as it was written.

It finds lines that were changed, added, moved or removed. It finds lines missing at the end if there is a head: the one
next to the file, or one that was noted elsewhere. Someone who can write both the file and its head can restore both to
an earlier state; only a head that is out of their reach shows that.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ci_mcp_kit.guard import audit_chain, confirmation_tokens
from ci_mcp_kit.guard.audit_chain import Head, Report
from ci_mcp_kit.guard.audit_file import read_head

if TYPE_CHECKING:
    from collections.abc import Sequence

BROKEN, UNUSABLE = 1, 2  # exit statuses
NO_HEAD = "nothing says how many lines there should be (no .head file and no --head): lines may be missing at the end"


def main(command: str, key_variable: str, arguments: Sequence[str]) -> int:
    """Run the command; return 0 if the file is intact, 1 if it is not, 2 if it cannot be checked.

    Args:
        command: the server's console command.
        key_variable: the variable that holds the key that lines were signed with.
        arguments: what follows `audit`.
    """
    given = _parser(command, key_variable).parse_args(arguments)
    # From the environment and not an option: other users of a machine can read the arguments of a process.
    key = os.environ.get(key_variable, "").strip()
    try:
        report = _verify(given.file, key, given.head)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{command} audit: {error}\n")
        return UNUSABLE
    for problem in report.problems:
        sys.stdout.write(f"{problem}\n")
    if report.problems:
        return BROKEN
    sys.stdout.write(f"ok: every line is as it was written; head {report.head}\n")
    return 0


def _verify(file: Path, key: str, head: str | None) -> Report:
    # Both, because an append goes by the one next to the file.
    expected = Head.parse(head) if head else None, read_head(file)
    # As bytes, because an append sees them so: a text would lose "\r". One that is not UTF-8 breaks its line, and does
    # not keep the others from being checked.
    lines = file.read_bytes().decode("utf-8", "surrogateescape").split("\n")
    signing = confirmation_tokens.derived(key.encode(), "audit") if key else None
    cut = [] if lines[-1] == "" else ["the last line is cut"]
    report = audit_chain.verify(lines[:-1], signing, *expected)
    unknown = [] if any(expected) else [NO_HEAD]
    return Report((*report.problems, *cut, *unknown), report.head)


def _parser(command: str, key_variable: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{command} audit", description="Look at an audit file.")
    verify = parser.add_subparsers(required=True, metavar="verify").add_parser(
        "verify",
        help="check whether it is unchanged",
        description=f"Check whether an audit file is unchanged. {key_variable} has to hold the key that "
        "its lines were signed with, if they were.",
    )
    verify.add_argument("file", type=Path)
    verify.add_argument("--head", help="a head that was kept elsewhere, as this command or the .head file shows it")
    return parser
