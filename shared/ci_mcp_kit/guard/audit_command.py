"""The commands `audit show FILE` and `audit verify FILE` of a server that writes.

Both check that the file is as it was written. They find lines that were changed, added, moved or removed, and lines
missing at the end if there is a head: the one next to the file, or one that was noted elsewhere. Someone who can write
both the file and its head can restore both to an earlier state; only a head that is out of their reach shows that.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ci_mcp_kit.guard import confirmation_tokens
from ci_mcp_kit.guard.audit_chain import Head
from ci_mcp_kit.guard.audit_file import verify_file
from ci_mcp_kit.guard.audit_wording import describe

if TYPE_CHECKING:
    from collections.abc import Sequence


BROKEN, UNUSABLE = 1, 2  # exit statuses
LAST: Final = 50  # lines that `show` prints unless it is asked for another number
_GAP: Final = "  "


def main(command: str, key_variable: str, arguments: Sequence[str]) -> int:
    """Run a command; return 0 if the file is intact, 1 if it is not, 2 if it cannot be checked.

    Args:
        command: the server's console command.
        key_variable: the variable that holds the key that lines were signed with.
        arguments: what follows `audit`.
    """
    given = _parser(command, key_variable).parse_args(arguments)
    # From the environment and not an option: other users of a machine can read the arguments of a process.
    key = os.environ.get(key_variable, "").strip()
    signing = confirmation_tokens.derived(key.encode(), "audit") if key else None
    try:
        report = verify_file(given.file, signing, Head.parse(given.head) if given.head else None, keep=given.last)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{command} audit: {error}\n")
        return UNUSABLE
    rows = [describe(entry) for entry in report.newest]
    cells = [(row.time, row.agent, row.operation, row.subject, row.result, row.reason) for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    table = (_GAP.join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    for line in (*table, *report.problems):
        sys.stdout.write(f"{line}\n")
    if report.problems:
        return BROKEN
    sys.stdout.write(f"ok: every line is as it was written; head {report.head}\n")
    return 0


def _parser(command: str, key_variable: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"{command} audit", description="Look at an audit file.")
    commands = parser.add_subparsers(required=True, metavar="show | verify")
    signed = f"{key_variable} has to hold the key that its lines were signed with, if they were."
    show = commands.add_parser(
        "show",
        help="print its newest lines, and check whether it is unchanged",
        description=f"Print the newest lines of an audit file, and check whether it is unchanged. {signed}",
    )
    show.add_argument("--last", type=_count, default=LAST, metavar="NUMBER", help=f"how many lines; default {LAST}")
    verify = commands.add_parser(
        "verify",
        help="check whether it is unchanged",
        description=f"Check whether an audit file is unchanged. {signed}",
    )
    verify.set_defaults(last=0)
    for one in (show, verify):
        one.add_argument("file", type=Path)
        one.add_argument("--head", help="a head that was kept elsewhere, as this command or the .head file shows it")
    return parser


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number
