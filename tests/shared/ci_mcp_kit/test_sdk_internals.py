"""Every use of undocumented parts of the MCP SDK is in one module, with its reason."""

from __future__ import annotations

import ast
from importlib.metadata import version
from pathlib import Path

import pytest
from mcp.server.mcpserver import MCPServer

from ci_mcp_kit import sdk_internals

ROOT = Path(__file__).parents[3]
SDK_MODULE = ROOT / "shared" / "ci_mcp_kit" / "sdk_internals.py"
MODULES = [module for layer in ("shared", "servers", "entrypoint") for module in sorted((ROOT / layer).rglob("*.py"))]

# The modules that pages of the SDK's documentation import from (https://py.sdk.modelcontextprotocol.io). A further one
# comes here if a page shows it, and else into `ci_mcp_kit.sdk_internals`.
DOCUMENTED = {
    "mcp",
    "mcp.client.stdio",
    "mcp.server.caching",
    "mcp.server.context",
    "mcp.server.lowlevel",
    "mcp.server.mcpserver",
    "mcp.server.mcpserver.prompts",
    "mcp.server.mcpserver.prompts.base",
    "mcp.server.session",
    "mcp.server.subscriptions",
    "mcp.server.transport_security",
    "mcp.shared.exceptions",
    "mcp.shared.message",
    "mcp.types",
    "mcp.types.version",
}
INSIDES = {
    "_handle_request",
    "_lowlevel_server",
    "mcp.server._otel.OpenTelemetryMiddleware",
    "mcp.server.mcpserver.tools.Tool",
    "mcp.server.mcpserver.utilities.func_metadata.ArgModelBase",
    "mcp.server.mcpserver.utilities.func_metadata.FuncMetadata",
    "mcp.server.streamable_http_manager.StreamableHTTPSessionManager",
}

pytestmark = pytest.mark.checkout


def private_names() -> set[str]:
    """Return the names of private attributes of the SDK's servers and of what they hold."""
    server = MCPServer("private")
    server.streamable_http_app()
    owners = [server, server.session_manager, *(value for name, value in vars(server).items() if name.startswith("_"))]
    names = {name for owner in owners for name in (*dir(owner), *getattr(owner, "__dict__", {}))}
    return {name for name in names if name.startswith("_") and not name.startswith("__")}


def insides_used(source: str, private: set[str]) -> set[str]:
    """Find in a module's source the imports from the SDK that it does not document, and its private attributes."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names = {alias.name for alias in node.names} - DOCUMENTED
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = {
                f"{node.module}.{alias.name}"
                for alias in node.names
                if node.module not in DOCUMENTED or alias.name.startswith("_")
            }
        elif isinstance(node, ast.Attribute) and node.attr in private and not is_own(node.value):
            found.add(node.attr)
            continue
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in private:
            found.add(node.value)  # getattr(server, "_lowlevel_server")
            continue
        else:
            continue
        found |= {name for name in names if name.split(".")[0] in {"mcp", "mcp_types"}}
    return found


def is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in {"self", "cls"}


def test_one_module_alone_uses_insides_of_the_sdk_and_they_are_these() -> None:
    private = private_names()
    used = {module: insides_used(module.read_text(encoding="utf-8"), private) for module in MODULES}
    assert {module: names for module, names in used.items() if names} == {SDK_MODULE: INSIDES}


@pytest.mark.parametrize(
    "source",
    [
        "from mcp.server import _otel",
        "from mcp.server.runner import run",
        "import mcp.server.lowlevel.helper_types",
        "import mcp_types",
        "server._lowlevel_server.run()",
        "server._session_manager",
        'getattr(server, "_lowlevel_server")',
    ],
)
def test_a_further_use_would_be_found(source: str) -> None:
    assert insides_used(source, private_names())


def test_the_insides_were_read_in_the_version_of_the_sdk_that_is_installed() -> None:
    assert version("mcp") == sdk_internals.SDK_VERSION
