"""Access to a forge: one scope for both names of a renamed repository, and no call that changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from ci_mcp_kit.errors import PermissionDenied
from forge_access.access import ForgeAccess
from forge_access.settings import ForgeSettings

if TYPE_CHECKING:
    import respx

    from forge_client.models.server import Repository

SERVER = "https://forge.example.com"
OLD, NEW = "/api/v1/repos/octo/oldname", "/api/v1/repos/octo/newname"
ENVIRONMENT = {
    "DRONE_SERVER": "https://drone.example.com",
    "DRONE_TOKEN": "dr0ne-t0ken",
    "FORGE_SERVER": SERVER,
    "FORGE_TOKEN": "f0r9e-t0ken",
}


def access(repos: str) -> ForgeAccess:
    return ForgeAccess(ForgeSettings.from_environment(ENVIRONMENT | {"DRONE_MCP_REPOS": repos}), lambda: 0.0)


async def read(reached: ForgeAccess, slug: str) -> Repository:
    try:
        return await reached.ask_forge(slug, lambda forge, repo: forge.repository(repo))
    finally:
        await reached.close()


@pytest.fixture
def renamed(respx_mock: respx.MockRouter) -> respx.MockRouter:
    respx_mock.get(SERVER + OLD).mock(httpx.Response(301, headers={"location": NEW}))
    respx_mock.get(SERVER + NEW).mock(httpx.Response(200, json={"full_name": "octo/newname"}))
    return respx_mock


async def test_a_renamed_repository_is_read_under_its_new_name(renamed: respx.MockRouter) -> None:
    assert (await read(access("octo/*"), "octo/oldname")).full_name == "octo/newname"
    assert {call.request.headers["authorization"] for call in renamed.calls} == {"Bearer f0r9e-t0ken"}


async def test_a_new_name_is_used_at_once_for_some_minutes(renamed: respx.MockRouter) -> None:
    now = [0.0]
    reached = ForgeAccess(ForgeSettings.from_environment(ENVIRONMENT | {"DRONE_MCP_REPOS": "octo/*"}), lambda: now[0])
    for moment in (0.0, 599.0, 601.0):
        now[0] = moment
        await read(reached, "octo/oldname")
    assert [call.request.url.path for call in renamed.calls] == [OLD, NEW, NEW, OLD, NEW]


@pytest.mark.respx(assert_all_called=False)
async def test_a_new_name_out_of_scope_is_neither_read_nor_reported(renamed: respx.MockRouter) -> None:
    with pytest.raises(PermissionDenied) as refused:
        await read(access("octo/oldname"), "octo/oldname")
    assert [call.request.url.path for call in renamed.calls] == [OLD]
    assert "newname" not in f"{refused.value} {refused.value.details}"


@pytest.mark.respx(assert_all_called=False)
async def test_an_old_name_out_of_scope_is_not_asked_for(renamed: respx.MockRouter) -> None:
    with pytest.raises(PermissionDenied):
        await read(access("octo/newname"), "octo/oldname")
    assert not renamed.calls


async def test_the_client_that_reads_sends_no_call_that_changes_anything(respx_mock: respx.MockRouter) -> None:
    reached = access("octo/*")
    forge = reached.forge()
    with pytest.raises(PermissionDenied):
        await forge.send(forge.writes.create_issue("octo/hello", "a title"))
    await reached.close()
    assert not respx_mock.calls
