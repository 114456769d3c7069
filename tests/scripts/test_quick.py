"""`scripts/test --quick`: the tests of what was changed come first, and the time ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from quick_tests import LONG, RULES, choose_tests, visible_changes
from support.patience import PATIENCE

pytestmark = pytest.mark.checkout

ROOT = Path(__file__).parents[2]


def test_a_changed_module_brings_its_own_tests_before_those_of_its_folder() -> None:
    chosen = choose_tests(["shared/ci_mcp_kit/redact.py"], ROOT)
    assert chosen == ["tests/shared/ci_mcp_kit/test_redact.py", "tests/shared/ci_mcp_kit", *RULES]


def test_a_folder_without_tests_of_its_own_brings_those_of_the_folder_above() -> None:
    assert "tests/shared/forge_client" in choose_tests(["shared/forge_client/models/no_such_folder/base.py"], ROOT)


def test_a_changed_test_is_chosen_once() -> None:
    chosen = choose_tests(["tests/shared/ci_mcp_kit/test_redact.py", "shared/ci_mcp_kit/redact.py"], ROOT)
    assert chosen.count("tests/shared/ci_mcp_kit/test_redact.py") == 1


def test_a_page_brings_the_rules_alone_and_no_change_brings_the_whole_suite() -> None:
    assert choose_tests(["docs/roles.md"], ROOT) == [*RULES]
    assert choose_tests(["shared/a_new_package/module.py", "pyproject.toml"], ROOT) == ["tests/shared", *RULES]


@pytest.mark.parametrize("folder", LONG)
def test_what_takes_minutes_is_left_out(folder: str) -> None:
    assert (ROOT / folder).exists()
    test = folder if folder.endswith(".py") else f"{folder}/test_plugin.py"
    assert (ROOT / test).exists()
    assert choose_tests([test], ROOT) == [*RULES]


def test_a_deleted_test_is_not_asked_for() -> None:
    assert choose_tests(["tests/shared/ci_mcp_kit/test_that_was_deleted.py"], ROOT) == [*RULES]


def test_the_rules_are_tests_that_exist() -> None:
    assert all((ROOT / path).is_file() for path in RULES)


@pytest.mark.parametrize(("end", "outcome"), [("1", "3 skipped"), ("99999999999", "3 passed")])
def test_a_test_that_would_begin_too_late_is_skipped_and_counted(tmp_path: Path, end: str, outcome: str) -> None:
    (tmp_path / "conftest.py").symlink_to(ROOT / "tests" / "conftest.py")
    (tmp_path / "test_three.py").write_text("".join(f"def test_{n}(): pass\n" for n in range(3)), encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--end-at", end, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
    )
    assert done.returncode == 0, done.stdout
    assert outcome in done.stdout


@pytest.mark.parametrize(
    "path",
    [
        "servers/jenkins_mcp/surface.json",
        "servers/drone_mcp_logs/manifest.json",
        "tests/docker/snapshots/k8s.yaml",
        "entrypoint/drone_mcp_cli/help.ansi",
        "roles/dev.yaml",
    ],
)
def test_a_change_that_users_see_asks_for_a_line_of_the_changelog(path: str) -> None:
    assert (ROOT / path).is_file()
    assert visible_changes([path, "shared/ci_mcp_kit/redact.py"]) == [path]
    assert visible_changes([path, "CHANGELOG.md"]) == []


def test_a_change_inside_asks_for_none() -> None:
    assert visible_changes(["shared/ci_mcp_kit/redact.py", "docs/roles.md", "tests/support/clock.py"]) == []
