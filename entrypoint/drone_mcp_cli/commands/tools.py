"""`drone-mcp tools`: the tools that can be called, and the arguments of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from ci_mcp_kit.front import surface
from drone_mcp_cli.pages.printing import print_json, print_page
from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from drone_mcp_cli.commands.command_runner import Options
    from drone_mcp_cli.pages.parts import Page
    from drone_mcp_cli.toolbox import Toolbox


def run(options: Options, tool: str | None) -> None:
    """List the tools, or the arguments of one. Starts no server."""
    toolbox = options.toolbox()
    if tool is not None:
        listed = describe(toolbox, tool)
        if options.as_json:
            print_json(listed)
        else:
            print_page(_arguments_page(listed))
    elif options.as_json:
        print_json({name: [tool.model_dump() for tool in tools] for name, tools in toolbox.tools.items()})
    else:
        print_page(_tools_page(toolbox))


def describe(toolbox: Toolbox, tool: str) -> dict[str, Any]:
    """Return a tool as its server lists it.

    Raises:
        UserError: there is none, or its server was built for another version of the libraries.
    """
    module = toolbox.server_of(tool).manifest.module
    found = surface.load(module)
    if found is None:
        raise UserError(f"{module} does not list its tools in this installation. Install drone-mcp again.")
    listed = found.legacy["tools/list"]["tools"]
    return next(one for one in listed if one["name"] == tool)


def _tools_page(toolbox: Toolbox) -> Page:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("server", no_wrap=True)
    table.add_column("tool", no_wrap=True)
    table.add_column("what it does", overflow="fold")
    for name, tools in toolbox.tools.items():
        for tool in tools:
            mark = "" if tool.read_only else " Asks before it changes anything."
            table.add_row(name, tool.name, Text(f"{tool.description.splitlines()[0]}{mark}"))
    yield table
    yield Text(
        "Next: `drone-mcp tools TOOL` shows its arguments, `drone-mcp call TOOL key=value` calls it.", style="dim"
    )


def _arguments_page(tool: dict[str, Any]) -> Page:
    yield Text(tool["name"], style="bold")
    yield Text(tool["description"])
    yield Text()
    schema = tool["inputSchema"]
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("argument", "takes"):
        table.add_column(title, no_wrap=True)
    table.add_column("", overflow="fold")
    for name, one in schema["properties"].items():
        words = [one.get("description", "")]
        words += [f"one of {', '.join(map(str, one['enum']))}"] if "enum" in one else []
        words += ["required"] if name in schema.get("required", ()) else []
        words += [f"default {one['default']}"] if "default" in one else []
        table.add_row(name, one.get("type", "any"), Text("; ".join(word for word in words if word)))
    yield table
