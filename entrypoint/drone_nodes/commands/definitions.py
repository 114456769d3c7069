"""Shows, edits and exports service definitions."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import Conflict, InvalidInput
from drone_mcp_nodes_api.definitions.files import find_definition, read_definition, write_definition
from drone_mcp_nodes_api.definitions.messages import to_message
from drone_mcp_nodes_api.definitions.toml_text import write_text
from drone_nodes import exit_codes
from drone_nodes.pages.printing import print_json, print_note, to_json
from drone_nodes.service_lookup import find_spec

if TYPE_CHECKING:
    from pathlib import Path

    from drone_nodes.session import Session


async def show(session: Session, service: str, node: str | None, *, as_json: bool) -> int:
    """Print the definition of a service: its file, else what the registry of its node has."""
    file, found = await find_spec(session, service, node)
    if as_json:
        print_json({"path": str(file.path) if file else None} | to_json(to_message(found)))
    else:
        sys.stdout.write(file.path.read_text(encoding="utf-8-sig") if file else write_text(found))
    return exit_codes.DONE


async def export(session: Session, service: str, node: str | None, *, replace: bool) -> int:
    """Write the definition that the registry of a node has into the services folder."""
    file = find_definition(session.configuration.services, service)
    if file and not replace:
        raise Conflict(
            f"{file.path} defines {service} already", next_step="Remove the file, or take --replace to change it"
        )
    node = node or (file.service.node if file else None)
    print_note(f"{await _export(session, service, node, file.path if file else None)} is written")
    return exit_codes.DONE


async def edit(session: Session, service: str, node: str | None) -> int:
    """Open the definition of a service in $EDITOR; where there is no file, export it first."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    file = find_definition(session.configuration.services, service)
    path = file.path if file else await _export(session, service, node, None)
    try:
        code = subprocess.run([*editor, path], check=False).returncode  # noqa: ASYNC221, S603 - a person works in it
    except OSError as error:
        raise InvalidInput(
            f"The editor {editor[0]} cannot be started ({error.strerror})", next_step="Set EDITOR to a program"
        ) from error
    read_definition(path)  # fails with the line of each mistake
    return exit_codes.FAILED if code else exit_codes.DONE


async def _export(session: Session, service: str, node: str | None, path: Path | None) -> Path:
    _, found = await find_spec(session, service, node, registered=True)
    folder = session.configuration.services
    folder.mkdir(parents=True, exist_ok=True)
    target = path or folder / f"{service}.toml"
    write_definition(target, found)
    return target
