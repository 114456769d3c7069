from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
import respx
from mcp.types import ResourceTemplateReference

from ci_mcp_kit.completing import FRESH_SECONDS, MOST_KEPT
from drone_mcp_build.settings import Settings
from drone_mcp_known.client_and_store import KnownAccess
from drone_mcp_known.completions import Completer
from support.agent import SERVER
from support.made_builds import made_repo

if TYPE_CHECKING:
    from collections.abc import Iterator
ADDRESS = ResourceTemplateReference(type="ref/resource", uri="drone://repo/{owner}/{repo}/build/{number}/summary")


@pytest.fixture
def drone() -> Iterator[respx.MockRouter]:
    with respx.mock(base_url=SERVER) as router:
        yield router


def typed(name: str) -> SimpleNamespace:
    return SimpleNamespace(name=name, value="")


async def test_a_list_is_read_again_after_a_while(drone: respx.MockRouter) -> None:
    route = drone.get("/api/user/repos").respond(json=[made_repo("octo/hello")])
    now = [0.0]
    access = KnownAccess(Settings(server=SERVER), lambda: 0.0)
    completer = Completer(access, lambda: now[0])
    for now[0], asked in ((0, 1), (FRESH_SECONDS, 1), (FRESH_SECONDS + 1, 2)):
        await completer(ADDRESS, typed("owner"), None)
        assert len(route.calls) == asked
    await access.close()


async def test_few_lists_are_kept(drone: respx.MockRouter) -> None:
    route = drone.get(path__regex=r"/api/repos/octo/r\d+/builds").respond(json=[])
    access = KnownAccess(Settings(server=SERVER), lambda: 0.0)
    completer = Completer(access, lambda: 0.0)
    for n in [*range(MOST_KEPT + 1), MOST_KEPT, 0]:
        known = SimpleNamespace(arguments={"owner": "octo", "repo": f"r{n}"})
        await completer(ADDRESS, typed("number"), known)
    assert len(route.calls) == MOST_KEPT + 2
    await access.close()
