"""Prints pages for people and JSON for programs."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from google.protobuf.json_format import MessageToDict

from ci_mcp_kit.terminal import console_on, standard_output

if TYPE_CHECKING:
    from google.protobuf.message import Message
    from rich.console import RenderableType

    from ci_mcp_kit.errors import ServiceError
    from drone_nodes.session import Answer


def print_page(*parts: RenderableType) -> None:
    """Print parts of a page, one below the other."""
    console = standard_output()
    for part in parts:
        console.print(part)


def print_note(text: str, style: str = "") -> None:
    """Print something next to the answer, on standard error."""
    console_on(sys.stderr).print(text, style=style, markup=False)


def print_json(data: Any) -> None:
    """Print JSON: a message, or plain data."""
    sys.stdout.write(json.dumps(data, indent=2, ensure_ascii=False) + "\n")


def to_json(message: Message) -> dict[str, Any]:
    """Return a message as plain data, with the names of its fields and with those that have their default."""
    return MessageToDict(message, preserving_proto_field_name=True, always_print_fields_with_no_presence=True)


def answer_to_json(answer: Answer[Any]) -> dict[str, Any]:
    """Return the answer of a node as plain data: its fields, or its error."""
    found = to_json(answer.value) if answer.value is not None else {"error": error_to_json(answer.error)}
    return {"node": answer.node} | found


def error_to_json(error: ServiceError | None) -> dict[str, Any] | None:
    """Return an error in the shape that the MCP servers have."""
    if error is None:
        return None
    facts = ("code", "message", "next_step", "retryable")
    return {fact: getattr(error, fact) for fact in facts}
