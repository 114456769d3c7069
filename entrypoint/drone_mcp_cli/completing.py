"""Completions for a shell; `__main__` ends them in time. An error gives none: a person is in the middle of a line."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import typer  # noqa: TC002 - Typer reads the annotations to find what gets the context

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from drone_mcp_known.completions import Completer


def complete_role(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of roles."""
    from drone_mcp_config.roles.library import role_library  # noqa: PLC0415 - slow to load

    with contextlib.suppress(Exception):
        return _beginning(role_library(context.params.get("roles_dir")).names(), incomplete)
    return []


def complete_tool(context: typer.Context, incomplete: str) -> list[str]:
    """Return the names of tools."""
    from drone_mcp_cli.toolbox import open_toolbox  # noqa: PLC0415 - slow to load

    with contextlib.suppress(Exception):
        return _beginning(open_toolbox(context.params.get("role"), context.params.get("roles_dir")).names(), incomplete)
    return []


def complete_argument(context: typer.Context, incomplete: str) -> list[str]:
    """Return the arguments of the tool, as `key=`."""
    from drone_mcp_cli.commands.tools import describe  # noqa: PLC0415 - slow to load
    from drone_mcp_cli.toolbox import open_toolbox  # noqa: PLC0415 - likewise

    with contextlib.suppress(Exception):
        toolbox = open_toolbox(context.params.get("role"), context.params.get("roles_dir"))
        names = describe(toolbox, context.params["tool"])["inputSchema"]["properties"]
        return _beginning([f"{name}=" for name in names], incomplete)
    return []


def complete_repo(context: typer.Context, incomplete: str) -> list[str]:
    """Return repositories."""
    return _ask(context, incomplete, lambda completer: completer.slugs())


def complete_number(context: typer.Context, incomplete: str) -> list[str]:
    """Return the numbers of the newest builds."""
    return _ask(context, incomplete, lambda completer: completer.numbers(context.params.get("repo") or ""))


def complete_stage(context: typer.Context, incomplete: str) -> list[str]:
    """Return the stages of the build."""
    return _ask(context, incomplete, lambda completer: _parts(context, completer, None))


def complete_step(context: typer.Context, incomplete: str) -> list[str]:
    """Return the steps of the build's stage; of its first one where none is given."""
    return _ask(context, incomplete, lambda completer: _parts(context, completer, context.params.get("stage") or "1"))


async def _parts(context: typer.Context, completer: Completer, stage: str | None) -> tuple[str, ...]:
    from drone_mcp_cli.targets import read_target  # noqa: PLC0415 - slow to load

    words: tuple[str | None, ...] = (context.params.get("repo"), context.params.get("number"))
    if not any(words):
        # Click stops at an option without its value, which is to be completed here, before it assigns what comes first
        # (pallets/click 8.3, parser.py, `_OptionParser.parse_args`).
        words = (*context.args, None, None)
    target = read_target(words[0], words[1])
    repo = target.get("repo", "")
    number = target.get("number") or int((await completer.numbers(repo))[0])
    return await completer.parts(repo, number, stage)


def _ask(context: typer.Context, incomplete: str, read: Callable[[Completer], Awaitable[tuple[str, ...]]]) -> list[str]:
    """Ask Drone, within the scope of the role."""
    with contextlib.suppress(Exception):
        import anyio  # noqa: PLC0415 - slow to load, as are the others

        from ci_mcp_kit.outgoing_text import Cleaner  # noqa: PLC0415
        from ci_mcp_kit.redact import Redactor  # noqa: PLC0415
        from drone_mcp_build.settings import Settings  # noqa: PLC0415
        from drone_mcp_cli.tool_names import REPOS  # noqa: PLC0415
        from drone_mcp_cli.toolbox import open_toolbox  # noqa: PLC0415
        from drone_mcp_known.client_and_store import KnownAccess  # noqa: PLC0415
        from drone_mcp_known.completions import Completer  # noqa: PLC0415

        toolbox = open_toolbox(context.params.get("role"), context.params.get("roles_dir"))
        settings = Settings.from_environment(toolbox.server_of(REPOS).environment)

        async def main() -> tuple[str, ...]:
            access = KnownAccess(settings, time.time)
            try:
                return await read(Completer(access))
            finally:
                await access.close()

        found = Cleaner(Redactor(settings.secrets)).value(list(anyio.run(main)))
        return _beginning(found, incomplete)
    return []


def _beginning(names: list[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
