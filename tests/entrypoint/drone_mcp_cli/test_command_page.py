"""The examples of the pages are what the commands print; UPDATE_SNAPSHOTS=1 rewrites them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drone_mcp_cli import exit_codes
from drone_mcp_cli.app import app
from pages.markdown import splice, table
from support.snapshots import hold

if TYPE_CHECKING:
    from entrypoint.drone_mcp_cli.conftest import Desk

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parents[3] / "docs" / "command.md"
EXAMPLE = re.compile(r"^```console\n\$ drone-mcp (?P<words>.*)\n(?P<out>(?:(?!```).*\n)*)```$", re.MULTILINE)


def test_the_examples_are_what_the_commands_print(acting: Desk) -> None:
    def run(found: re.Match[str]) -> str:
        done = acting.run(*shlex.split(found["words"]))
        out = (done.out + done.err).replace("http://drone.test", "https://drone.example.com")
        return f"```console\n$ drone-mcp {found['words']}\n{out}```"

    page = PAGE.read_text(encoding="utf-8")
    assert EXAMPLE.search(page)
    hold(PAGE, EXAMPLE.sub(run, page))


def test_the_exit_codes_of_the_page_are_those_of_the_command() -> None:
    page = PAGE.read_text(encoding="utf-8")
    hold(PAGE, splice(page, "exit-codes", f"{exit_code_table()}\n"))


def exit_code_table() -> str:
    meanings = exit_codes.MEANINGS.removeprefix("Exit codes: ").split(" · ")
    return table(["exit code", "means"], [list(meaning.split(" ", 1)) for meaning in meanings])


def test_every_command_is_in_the_table_of_the_page() -> None:
    commands = {command.name or command.callback.__name__ for command in app.registered_commands if command.callback}
    assert commands == set(re.findall(r"^\| `drone-mcp (\w+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
