from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import respx
from mcp import Client

from drone_mcp_build.access import DroneAccess
from drone_mcp_build.settings import Settings
from drone_mcp_client.errors import InvalidInput, PermissionDenied

if TYPE_CHECKING:
    from pathlib import Path

    from mcp.server.mcpserver import MCPServer

TOKEN = "55f24eb3d61ef6ac5e83d550178638dc"
BUILD = {"number": 7, "status": f"token {TOKEN}"}


async def call(server: MCPServer[Any], name: str, **arguments: Any) -> Any:
    async with Client(server) as client:
        result = await client.call_tool(name, arguments)
        return json.loads(result.content[0].text.removeprefix("Error: "))  # type: ignore[union-attr]  # text


async def test_the_first_call_connects_with_the_token_and_the_answer_hides_it(server: MCPServer[Any]) -> None:
    with respx.mock(base_url="http://drone.test") as drone:
        route = drone.get("/api/repos/octo/hello/builds/7").respond(json=BUILD)
        answer = await call(server, "drone_status", number=7)
    assert answer == {"repo": "octo/hello", "text": "token [redacted]", "truncated": False}
    assert [request.request.headers["authorization"] for request in route.calls] == [f"Bearer {TOKEN}"]


async def test_the_next_session_gets_a_client_again(server: MCPServer[Any]) -> None:
    with respx.mock(base_url="http://drone.test") as drone:
        route = drone.get("/api/repos/octo/hello/builds/7").respond(json=BUILD)
        for _ in range(2):
            await call(server, "drone_status", number=7)
    assert route.call_count == 2


async def test_a_repository_out_of_scope_is_refused_before_anything_leaves(server: MCPServer[Any]) -> None:
    with respx.mock(base_url="http://drone.test") as drone:
        error = await call(server, "drone_status", number=7, repo="acme/web")
        assert not drone.calls
    assert (error["code"], error["details"]) == ("PERMISSION_DENIED", {"repo": "acme/web", "rule": "scope"})
    assert "octo/*" in error["message"]


async def test_a_server_that_only_reads_lets_no_write_out(server: MCPServer[Any]) -> None:
    with respx.mock(base_url="http://drone.test") as drone:
        error = await call(server, "drone_restart", number=7, repo="octo/hello")
        assert not drone.calls
    assert error["code"] == "PERMISSION_DENIED"
    assert "only reads" in error["message"]


def repo_access(directory: Path, **settings: Any) -> DroneAccess:
    return DroneAccess(Settings(server="http://drone.test", **settings), directory=directory)


@pytest.mark.parametrize(
    "said", ["octo/hello", "https://drone.test/octo/hello", "https://drone.test/octo/hello/42/1/2"]
)
def test_a_repository_may_be_named_or_pasted(tmp_path: Path, said: str) -> None:
    assert repo_access(tmp_path).resolve_repo(said) == "octo/hello"


def test_without_a_name_the_setting_counts_and_then_the_git_remote(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "config").write_text('[remote "origin"]\n\turl = git@git.test:octo/cloned.git\n')
    assert repo_access(tmp_path, repo="octo/set").resolve_repo(None) == "octo/set"
    assert repo_access(tmp_path).resolve_repo(None) == "octo/cloned"
    assert repo_access(tmp_path).resolve_repo("") == "octo/cloned"


def test_where_nothing_names_a_repository_the_error_says_how(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    with pytest.raises(InvalidInput) as caught:
        repo_access(tmp_path).resolve_repo(None)
    assert "DRONE_REPO" in caught.value.message
    assert "owner/name" in caught.value.next_step


def test_the_scope_holds_for_what_is_meant_as_well(tmp_path: Path) -> None:
    with pytest.raises(PermissionDenied):
        repo_access(tmp_path, repo="acme/web", repos=("octo/*",)).resolve_repo(None)


def test_what_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        repo_access(tmp_path).resolve_repo("not a repository")


async def test_a_token_file_is_hidden_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("firsttoken123456")
    access = repo_access(tmp_path, token_file=file)
    file.write_text("secondtoken12345\n")
    assert access.clean.text("firsttoken123456 secondtoken12345") == "[redacted] [redacted]"
