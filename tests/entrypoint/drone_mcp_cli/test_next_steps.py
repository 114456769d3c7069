"""Next steps for agents become commands for people, for every tool of the installation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drone_mcp_cli import tool_names
from drone_mcp_cli.next_steps import PHRASES, Words
from drone_mcp_cli.pages.printing import _PAGES
from drone_mcp_config.installation.reading import read_installation

TOOLS = tuple(tool.name for manifest in read_installation().values() for tool in manifest.tools)
CALL, SHOWS = "drone-mcp call", "shows what changed"
SAID = {
    f"drone_compare_builds with a 4 and b 3 {SHOWS}": f"{CALL} drone_compare_builds repo=o/h a=4 b=3 {SHOWS}",
    "drone_get_build with number 7 tells": f"{CALL} drone_get_build repo=o/h number=7 tells",
    "drone_get_build_logs with stage, step and around": "drone-mcp logs o/h 4 with --stage, --step and --around",
    "drone_get_build_logs with its stage and step shows": "drone-mcp logs o/h 4 with --stage and --step shows",
    "drone_get_build_logs with number 5, stage 1 and step 3": "drone-mcp logs o/h 5 --stage 1 --step 3",
    "Call drone_wait_for_build with number 3 to learn how": "Run drone-mcp wait o/h 3 to learn how",
    "drone_list_builds with status unfinished shows": "drone-mcp builds o/h --status unfinished shows",
    "drone_list_builds with branch topic/x": "drone-mcp builds o/h --branch topic/x",
    "Wait for build 5 of o/h with this cursor, and look": "Run drone-mcp wait o/h 5, and look",
    "Call again with fewer at once": "Run it again with fewer at once",
    "Set DRONE_TOKEN, then start the server again": "Set DRONE_TOKEN, then run it again",
    "narrow the pattern": "narrow the pattern",
}


@pytest.mark.parametrize("said", SAID)
def test_a_next_step_is_a_command_to_copy(said: str) -> None:
    assert Words(TOOLS, "o/h", 4).for_terminal(said) == SAID[said]


@pytest.mark.checkout
@pytest.mark.parametrize("phrase", [phrase for phrase, _ in PHRASES])
def test_every_phrase_is_still_one_that_tools_use(phrase: str) -> None:
    literal = max(re.findall(r"[A-Za-z][A-Za-z_/, ]+", phrase.replace("\\b", "")), key=len).strip()
    root = Path(__file__).parents[3]
    sources = [path for layer in ("servers", "shared") for path in (root / layer).rglob("*.py")]
    assert any(literal in path.read_text(encoding="utf-8") for path in sources), literal


def test_the_repository_of_the_folder_is_not_named_again() -> None:
    assert Words(TOOLS, "", 4).for_terminal("drone_diagnose_build says why") == "drone-mcp diagnose 4 says why"


@pytest.mark.parametrize("tool", TOOLS)
def test_no_tool_is_left_without_the_command_that_calls_it(tool: str) -> None:
    reported = Words(TOOLS, "o/h", 4).for_terminal(f"Call {tool} again. {tool} tells; {tool} with number 3")
    commands = "|".join(tool_names.COMMANDS.values())
    assert len(re.findall(rf"drone-mcp (?:call {tool}|{commands})\b", reported)) == 3
    assert reported.count(tool) == reported.count(f"drone-mcp call {tool}")


def test_every_tool_that_has_a_command_or_a_page_is_installed() -> None:
    named = {*tool_names.COMMANDS, *tool_names.ABOUT_ONE_BUILD, *tool_names.CHANGES, *_PAGES}
    assert named - {*TOOLS} == set()
