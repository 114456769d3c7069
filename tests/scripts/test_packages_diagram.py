"""The arrows of the architecture's diagram are the imports, without those that another one implies."""

from __future__ import annotations

import pytest

from pages.packages import direct_arrows, packages_diagram, read_imports

pytestmark = pytest.mark.checkout


def test_an_import_that_another_one_implies_has_no_arrow() -> None:
    imports = {"server": {"build", "client", "kit"}, "build": {"client", "kit"}, "client": {"kit"}, "kit": set[str]()}
    assert direct_arrows(imports) == {"server": {"build"}, "build": {"client"}, "client": {"kit"}, "kit": set()}


def test_imports_are_read_from_the_sources() -> None:
    layers = {"servers": ["jenkins_mcp"], "shared": ["ci_mcp_http", "ci_mcp_kit", "ci_mcp_logs", "drone_mcp_client"]}
    imports = read_imports(layers)
    assert imports["jenkins_mcp"] == {"ci_mcp_http", "ci_mcp_kit", "ci_mcp_logs"}
    assert imports["ci_mcp_kit"] == set()


def test_packages_with_the_same_imports_share_a_box_and_every_package_has_one() -> None:
    diagram = packages_diagram()
    assert '["drone_mcp_actions<br>drone_mcp_admin"]' in diagram
    assert "ci_mcp_http --> ci_mcp_kit" in diagram
