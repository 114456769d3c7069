"""`docs/coverage.md` is made from the routes, the client's requests and the tools."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from drone_mcp_config.installation.reading import read_installation
from pages.coverage import UNUSED, USED, api_routes, coverage_page, describe, name_route, route_of
from support.snapshots import hold

pytestmark = pytest.mark.checkout

PAGE = Path(__file__).parent.parent / "docs" / "coverage.md"
INSTALLED = read_installation().values()
TOOLS = {tool.name: tool for manifest in INSTALLED for tool in manifest.tools}


def test_the_page_of_routes_is_that_of_the_product() -> None:
    hold(PAGE, coverage_page())


def test_every_tool_that_a_route_names_is_installed() -> None:
    assert {name for _, names in USED for name in names} <= TOOLS.keys()


def test_every_drone_tool_that_changes_something_has_its_route() -> None:
    changing = {name for call, names in USED if call.writes for name in names}
    servers = [manifest for manifest in INSTALLED if manifest.guard and manifest.guard.token == "DRONE_WRITE_TOKEN"]
    assert changing == {tool.name for manifest in servers for tool in manifest.tools if not tool.read_only}


def test_every_reason_is_needed() -> None:
    used = [route_of(call) for call, _ in USED]
    reasons = [
        next(pattern for pattern in UNUSED if re.fullmatch(pattern, name_route(route)))
        for route in api_routes()
        if route not in used
    ]
    assert set(reasons) == set(UNUSED)


def test_a_route_without_a_tool_and_a_reason_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    route = next(route for route in api_routes() if name_route(route) == "POST /hook")
    monkeypatch.delitem(UNUSED, "POST /hook")
    with pytest.raises(LookupError, match="POST /hook"):
        describe(route)
