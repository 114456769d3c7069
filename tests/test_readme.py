"""The README's tables are made from the product; a stale one fails. UPDATE_SNAPSHOTS=1 rewrites them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from drone_mcp_build.guard.variables import VARIABLES as ACTION_VARIABLES
from drone_mcp_build.variables import VARIABLES
from drone_mcp_config.installation.reading import Servers, read_installation
from drone_mcp_config.roles.library import role_library
from drone_mcp_config.roles.loading import Role, load_role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ci_mcp_kit.variables import Variable

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def tools_table(installed: Servers) -> str:
    rows = [
        [manifest.server, f"`{tool.name}`", tool.description.splitlines()[0]]
        for manifest in installed.values()
        for tool in manifest.tools
    ]
    return table(["server", "tool", "what it answers"], rows)


def roles_table(installed: Servers) -> str:
    roles: list[Role] = [load_role(name, role_library(None), installed) for name in role_library(None).names()]
    rows = [
        [f"`{role.name}`", role.description, *("x" if name in role.servers else "" for name in installed)]
        for role in roles
    ]
    return table(["role", "for an agent that", *installed], rows)


def settings_table(variables: Iterable[Variable]) -> str:
    rows = [[f"`{variable.name}`", variable.takes, variable.default] for variable in variables]
    return table(["variable", "takes", "default"], rows)


def splice(page: str, name: str, made: str) -> str:
    pattern = re.compile(rf"(<!-- {name}: begin -->\n).*?(<!-- {name}: end -->)", re.DOTALL)
    assert pattern.search(page), f"the README has no place for the {name}"
    return pattern.sub(lambda match: f"{match[1]}{made}\n{match[2]}", page)


def test_the_tables_of_the_readme_are_those_of_the_product() -> None:
    installed = read_installation()
    before = README.read_text(encoding="utf-8")
    after = splice(before, "tools", tools_table(installed))
    after = splice(after, "roles", roles_table(installed))
    after = splice(after, "settings", settings_table(VARIABLES))
    after = splice(after, "action-settings", settings_table(ACTION_VARIABLES))
    if os.environ.get("UPDATE_SNAPSHOTS"):
        README.write_text(after, encoding="utf-8")
    assert README.read_text(encoding="utf-8") == after, "run UPDATE_SNAPSHOTS=1 scripts/test, then read the diff"


def test_the_readme_shows_the_two_commands_and_no_other_script() -> None:
    assert re.findall(r"scripts/\S+", README.read_text(encoding="utf-8")) == ["scripts/demo", "scripts/test"]


PAGES = ["README.md", "CONTRIBUTING.md", *sorted(f"docs/{page.name}" for page in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_every_path_that_a_page_names_exists(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    named = re.findall(r"`((?:servers|shared|entrypoint|tests|docs|scripts|benchmarks|roles)/[\w./-]+)`", text)
    linked = [link for link in re.findall(r"\]\(([^)#:]+)\)", text) if not link.startswith("http")]
    missing = [path for path in named if not (ROOT / path).exists()]
    missing += [link for link in linked if not ((ROOT / page).parent / link).exists()]
    assert missing == []
