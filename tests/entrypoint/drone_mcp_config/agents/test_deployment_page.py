"""docs/deployment.md is held against the product: UPDATE_SNAPSHOTS=1 rewrites its table."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ci_mcp_kit.http_app import MAX_BODY
from ci_mcp_kit.http_process import DRAIN_SECONDS
from ci_mcp_kit.http_settings import HTTP_VARIABLES
from drone_mcp_config.agents.client_launch import LAUNCHES, PLACEHOLDER
from drone_mcp_config.agents.foreground import NOT_EXECUTABLE, NOT_FOUND
from drone_mcp_config.agents.pushable_branches import PROTECTED, PROTECTED_START
from drone_mcp_config.errors import NotPushed, NotStarted, UserError
from drone_mcp_config.serving.callers import Caller, read_callers
from drone_mcp_config.serving.pool import IDLE_SECONDS, MOST_USERS
from support.snapshots import hold

if TYPE_CHECKING:
    from collections.abc import Callable

    from entrypoint.drone_mcp_config.conftest import Outcome

PAGE = Path(__file__).parents[4] / "docs" / "deployment.md"
KUBERNETES = PAGE.with_name("kubernetes.md")
# Of clients, of docker, of kubectl and of helm.
OPTIONS_OF_OTHERS = {
    "--check", "--mcp-config", "--strict-mcp-config", "--additional-mcp-config", "--file", "--build-arg", "--target",
    "--rm", "--read-only", "--cap-drop", "--security-opt", "--entrypoint", "--pull", "--secret", "--build-context",
    "--build", "--wait", "--listen", "--allow-remote", "--from-file", "--timeout",
    "--namespace", "--values",
}  # fmt: skip
START, END = "<!-- http-settings: begin -->\n", "<!-- http-settings: end -->"

pytestmark = pytest.mark.checkout


def test_the_table_of_variables_is_the_one_that_is_read() -> None:
    head, rest = PAGE.read_text(encoding="utf-8").split(START)
    rows = [f"| `{v.name}` | {v.takes} | {v.default} |\n" for v in HTTP_VARIABLES]
    table = "".join(["| variable | takes | default |\n", "| --- | --- | --- |\n", *rows])
    hold(PAGE, f"{head}{START}{table}{END}{rest.split(END)[1]}")


def test_the_example_is_a_file_of_callers(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(callers:.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (tmp_path / "callers.yaml").write_text(example, encoding="utf-8")
    assert [caller.name for caller in read_callers(tmp_path / "callers.yaml").values()] == ["reviewer", "release-bot"]


def test_every_key_of_a_caller_is_documented_with_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| `?(\w*)`? ?\|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    for name, field in Caller.model_fields.items():
        default = "" if field.is_required() else field.get_default(call_default_factory=True)
        assert rows[field.alias or name] == (str(default) if default else "")


def test_the_versions_of_clients_are_those_that_are_tried() -> None:
    package = json.loads((PAGE.parents[1] / "tests" / "clients" / "package.json").read_text(encoding="utf-8"))
    (said,) = re.findall(r"^\* \*\*Versions\.\*\* (.*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    tried = [*package["dependencies"].values(), *package["optionalDependencies"].values()]
    assert sorted(re.findall(r"\d+\.\d+\.\d+", said)) == sorted(tried)


def test_the_numbers_are_those_in_force() -> None:
    text = " ".join(PAGE.read_text(encoding="utf-8").split())
    assert MAX_BODY == 2**20
    for said in (
        "at most 1 MiB",
        f"up to {DRAIN_SECONDS} seconds",
        f"after {IDLE_SECONDS / 60:.0f} minutes",
        f"at most {MOST_USERS} such",
    ):
        assert said in text


def test_the_commands_and_options_are_there(run: Callable[..., Outcome]) -> None:
    text = PAGE.read_text(encoding="utf-8") + KUBERNETES.read_text(encoding="utf-8")
    helps = "".join(run(*command, "--help").out for command in ((), ("serve",), ("token",), ("agent",), ("pod",)))
    named = set(re.findall(r"--[a-z][a-z-]*", text)) - OPTIONS_OF_OTHERS
    assert [name for name in named if name not in helps] == []


def test_the_start_of_each_client_and_each_exit_code_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for client, way in LAUNCHES.items():
        (row,) = re.findall(rf"^\| `{client}` \| (.*)$", text, re.MULTILINE)
        flags = (flag.replace(PLACEHOLDER, "FILE") for flag in way.flags)
        assert all(word in row for word in (*flags, *way.environment))
    for code in (UserError.exit_code, NotStarted.exit_code, NotPushed.exit_code):
        assert f"\n| {code} | " in text
    assert f"{NOT_EXECUTABLE}, {NOT_FOUND}" in text


def test_the_names_that_are_not_pushed_to_are_documented() -> None:
    text = PAGE.read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in (*PROTECTED, f"{PROTECTED_START}*"))
