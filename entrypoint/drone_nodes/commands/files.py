"""Pushes files into the folder of a service, and pulls them."""

from __future__ import annotations

import hashlib
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import anyio

from ci_mcp_kit.errors import InvalidInput, UnexpectedAnswer
from drone_mcp_nodes_api.limits import LARGEST_FILE
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages.printing import print_json, print_note
from drone_nodes.service_lookup import find_node

if TYPE_CHECKING:
    from drone_nodes.session import Session

FILE_SECONDS = 60.0


async def push(session: Session, service: str, file: Path, path: str, node: str | None, *, as_json: bool) -> int:
    """Copy a file into /srv/SERVICE; its permissions stay."""
    client = await find_node(session, service, node)
    content, mode = await anyio.to_thread.run_sync(_read, file)
    request = pb.PushFileRequest(
        service=service,
        path=path or file.name,
        content=content,
        mode=mode,
        sha256=hashlib.sha256(content).hexdigest(),
    )
    answer = await client.call(client.methods.PushFile, request, seconds=FILE_SECONDS)
    if as_json:
        print_json({"node": client.endpoint.node, "path": answer.path, "changed": answer.changed})
    else:
        print_note(f"{client.endpoint.node}:{answer.path} {'is written' if answer.changed else 'was the same already'}")
    return exit_codes.DONE


async def pull(session: Session, service: str, path: str, file: Path | None, node: str | None) -> int:
    """Copy a file of /srv/SERVICE to here; `-` is standard output."""
    client = await find_node(session, service, node)
    request = pb.PullFileRequest(service=service, path=path)
    answer = await client.call(client.methods.PullFile, request, seconds=FILE_SECONDS)
    if hashlib.sha256(answer.content).hexdigest() != answer.sha256:
        raise UnexpectedAnswer(f"{path} arrived damaged from {client.endpoint.node}", next_step="Call again")
    target = file or Path(Path(path).name)
    if str(target) == "-":
        sys.stdout.buffer.write(answer.content)
        return exit_codes.DONE
    await anyio.to_thread.run_sync(_write, target, answer.content, answer.mode)
    print_note(f"{target} is written")
    return exit_codes.DONE


def _read(file: Path) -> tuple[bytes, int]:
    try:
        with file.open("rb") as opened:
            content = opened.read(LARGEST_FILE + 1)
            mode = stat.S_IMODE(file.stat().st_mode)
    except OSError as error:
        step = "Name a file of this machine"
        raise InvalidInput(f"{file} cannot be read: {error.strerror}", next_step=step) from error
    if len(content) > LARGEST_FILE:
        raise InvalidInput(
            f"{file} is larger than {LARGEST_FILE} bytes", next_step="Put it on the node by other means, such as scp"
        )
    return content, mode


def _write(target: Path, content: bytes, mode: int) -> None:
    try:
        target.write_bytes(content)
        target.chmod(mode & 0o777)  # no set-user-ID bit from elsewhere
    except OSError as error:
        raise InvalidInput(f"{target} cannot be written: {error.strerror}", next_step="Name another file") from error
