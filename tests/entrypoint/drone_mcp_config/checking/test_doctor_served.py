"""`drone-mcp-config doctor --transport http` before real processes that serve a role."""

from __future__ import annotations

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from drone_mcp_config.checking.check_result import compare_tools
from drone_mcp_config.plan.making import ExpectedTools
from drone_mcp_config.serving.callers import hash_of
from support.collector import collecting
from support.http_process import serving
from support.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from entrypoint.drone_mcp_config.conftest import Outcome
    from support.http_process import HttpProcess

    Run = Callable[..., Outcome]

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")

INSTALLED = importlib.metadata.entry_points
TOKEN = "a-token-of-the-tests-for-callers"
ROLES = Path(__file__).parents[3] / "support" / "roles"
SERVE = ("drone_mcp_config", "serve", "--roles-dir", str(ROLES))


@pytest.fixture
def run(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command with what is really installed: what is served is held against it."""
    monkeypatch.setattr(importlib.metadata, "entry_points", INSTALLED)
    return run


@pytest.fixture(autouse=True)
def caller(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine of a caller knows the token of the served role, and nothing of Drone."""
    monkeypatch.setenv("DRONE_MCP_HTTP_TOKEN", TOKEN)
    for name in ("DRONE_SERVER", "DRONE_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="module")
def ui() -> Iterator[HttpProcess]:
    with serving(*SERVE, "--role", "viewer", "--http", "127.0.0.1:0", DRONE_MCP_HTTP_TOKEN=TOKEN) as process:
        yield process


def checked(run: Run, url: str, role: str = "viewer", *more: str) -> tuple[int, dict[str, dict[str, Any]]]:
    outcome = run("doctor", "--role", role, "--transport", "http", "--url", url, "--json", *more)
    assert TOKEN not in outcome.out + outcome.err
    return outcome.code, {check["name"]: check for check in json.loads(outcome.out)["checks"]}


def test_a_served_role_that_is_well_passes_without_anything_of_drone(run: Run, ui: HttpProcess) -> None:
    code, found = checked(run, ui.url)
    assert code == 0, found
    assert list(found) == ["served role", "drone-builds"]
    assert found["served role"]["detail"] == f"it answers at {ui.url}"
    assert found["drone-builds"]["status"] == "ok"


def test_a_wrong_token_is_reported_with_where_the_right_one_is(
    run: Run, ui: HttpProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DRONE_MCP_HTTP_TOKEN", "another-token-than-that-one")
    code, found = checked(run, ui.url)
    assert code == 1
    assert found["served role"]["status"] == "ok"
    assert found["drone-builds"]["detail"].startswith("it refused with 401: This token is not the one")
    assert "Set DRONE_MCP_HTTP_TOKEN" in found["drone-builds"]["fix"]


def test_a_token_that_is_not_set_is_reported(run: Run, ui: HttpProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DRONE_MCP_HTTP_TOKEN")
    code, found = checked(run, ui.url)
    assert code == 1
    assert found["drone-builds"]["detail"] == "not asked: DRONE_MCP_HTTP_TOKEN is not set"


def test_an_address_where_nothing_answers_is_reported_and_ends_it(run: Run) -> None:
    code, found = checked(run, f"http://127.0.0.1:{free_port()}")
    assert code == 1
    assert list(found) == ["served role"]
    assert "nothing answers at http://127.0.0.1:" in found["served role"]["detail"]


def test_something_else_at_the_address_is_reported(run: Run) -> None:
    with collecting() as other:
        code, found = checked(run, other.url)
    assert code == 1
    assert "is not drone-mcp" in found["served role"]["detail"]


def test_a_process_that_takes_no_requests_is_reported(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN, encoding="ascii")
    command = (*SERVE, "--role", "viewer", "--http", "127.0.0.1:0")
    with serving(*command, DRONE_MCP_HTTP_TOKEN_FILE=str(file)) as process:
        file.unlink()
        code, found = checked(run, process.url)
    assert code == 1
    assert found["served role"]["detail"].endswith("takes no requests at the moment")


def test_a_name_by_which_the_process_is_not_called_is_reported(run: Run) -> None:
    command = (*SERVE, "--role", "viewer", "--http", "0.0.0.0:0")
    with serving(*command, DRONE_MCP_HTTP_TOKEN=TOKEN) as process:
        port = process.url.rpartition(":")[2]
        code, found = checked(run, f"http://127.0.0.2:{port}")
    assert code == 1
    assert found["drone-builds"]["detail"].startswith("it refused with 421")
    assert found["drone-builds"]["fix"] == "Add 127.0.0.2 to DRONE_MCP_HTTP_HOSTS where the role is served"


def test_a_token_of_another_role_is_reported(run: Run, ui: HttpProcess) -> None:
    code, found = checked(run, ui.url, "reader")
    assert code == 1
    assert found["drone-builds"]["status"] == "ok"
    assert found["drone-logs"]["detail"].startswith("it refused with 404: Your role has no server")
    assert "another one" in found["drone-logs"]["fix"]


def test_the_limit_of_a_caller_who_asks_too_often_is_reported(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "callers.yaml"
    file.write_text(
        f'callers: [{{name: me, role: reader, token: "{hash_of(TOKEN)}", per_minute: 1}}]\n', encoding="utf-8"
    )
    with serving(*SERVE, "--roles-from", str(file), "--http", "127.0.0.1:0") as process:
        code, found = checked(run, process.url, "reader")
    assert code == 1
    assert found["drone-logs"]["detail"] == "it refused with 429: me may ask 1 times a minute"


def test_options_for_a_served_role_need_a_role_and_each_other(run: Run) -> None:
    assert run("doctor", "--transport", "http").code == 2
    assert run("doctor", "--role", "viewer", "--url", "http://127.0.0.1:1").code == 2


@pytest.mark.parametrize(
    ("offered", "depend_on_scopes", "status"),
    [
        (["a", "b"], False, None),
        (["a", "b"], True, None),
        (["a"], True, "warning"),
        (["a"], False, "failed"),
        (["a", "b", "c"], True, "failed"),
        (["a", "c"], True, "failed"),
    ],
)
def test_tools_that_a_token_cannot_use_are_no_other_tools(
    offered: list[str], *, depend_on_scopes: bool, status: str | None
) -> None:
    found = compare_tools("drone-code", offered, ExpectedTools(("a", "b"), depend_on_scopes), "Install it again", 1.0)
    assert (found and found.status) == status


def test_tools_that_are_not_known_are_not_compared() -> None:
    assert compare_tools("mine", ["a"], ExpectedTools(), "Install it again", 1.0) is None
