"""Puts secrets on a node, lists their names, and removes them."""

from __future__ import annotations

import getpass
import sys
from typing import TYPE_CHECKING

from ci_mcp_kit.errors import InvalidInput
from drone_mcp_nodes_api.limits import LARGEST_SECRET
from drone_mcp_nodes_api.wire import agent_pb2 as pb
from drone_nodes import exit_codes
from drone_nodes.pages.printing import print_json, print_note, print_page, to_json
from drone_nodes.pages.tables import make_table
from drone_nodes.pages.words import clean, format_time

if TYPE_CHECKING:
    from drone_nodes.session import Session


async def put(session: Session, name: str, node: str) -> int:
    """Put a secret on a node: from standard input, or from a hidden prompt on a terminal."""
    client = session.client(node)
    if sys.stdin.isatty():
        value = getpass.getpass(f"Value of {name}: ").encode()
    else:
        value = sys.stdin.buffer.read(LARGEST_SECRET + 1)
    if not 0 < len(value) <= LARGEST_SECRET:
        raise InvalidInput(f"The secret has {len(value)} bytes; it takes 1 to {LARGEST_SECRET}")
    await client.call(client.methods.PutSecret, pb.PutSecretRequest(name=name, value=value), seconds=60)
    print_note(f"Secret {name} is on {node}")
    return exit_codes.DONE


async def list_secrets(session: Session, node: str, *, as_json: bool) -> int:
    """Show the names of the secrets on a node, and who uses them."""
    client = session.client(node)
    answer = await client.call(client.methods.ListSecrets, pb.ListSecretsRequest(), seconds=60)
    if as_json:
        print_json({"node": node} | to_json(answer))
        return exit_codes.DONE
    table = make_table("SECRET", "CHANGED", "USED BY")
    for secret in answer.secrets:
        table.add_row(clean(secret.name), format_time(secret.updated_at), clean(", ".join(secret.used_by)))
    print_page(table)
    return exit_codes.DONE


async def remove(session: Session, name: str, node: str) -> int:
    """Remove a secret from a node."""
    client = session.client(node)
    await client.call(client.methods.DeleteSecret, pb.DeleteSecretRequest(name=name), seconds=60)
    print_note(f"Secret {name} is removed from {node}")
    return exit_codes.DONE
