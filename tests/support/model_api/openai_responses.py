"""OpenAI's Responses API as Codex uses it (https://platform.openai.com/docs/api-reference/responses-streaming)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.model_api.dialect import Asked, Body, Event, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_JOINT = "__"  # between the namespace of a tool and its name


def read(body: Body) -> Asked:
    """Read a request; the tools of a server are in a namespace of their own."""
    answers = [item for item in body["input"] if item["type"] == "function_call_output"]
    return Asked(
        offered=tuple(_names(body.get("tools", []))),
        results=tuple(text_of(answer["output"]) for answer in answers),
    )


def _names(tools: list[dict[str, Any]]) -> Iterator[str]:
    for tool in tools:
        if tool["type"] == "namespace":
            yield from (f"{tool['name']}{_JOINT}{inner['name']}" for inner in tool["tools"])
        elif tool["type"] == "function":
            yield tool["name"]


def call(number: str, name: str, arguments: dict[str, Any]) -> Iterator[Event]:
    """Call a tool."""
    namespace, _, tool = name.rpartition(_JOINT)
    about = {"type": "function_call", "id": f"item-{number}", "call_id": number, "status": "completed"}
    where = {"namespace": namespace} if namespace else {}
    return _response({**about, **where, "name": tool, "arguments": json.dumps(arguments)})


def say(text: str) -> Iterator[Event]:
    """End the turn."""
    content = [{"type": "output_text", "text": text, "annotations": []}]
    return _response({"type": "message", "id": "item", "role": "assistant", "status": "completed", "content": content})


def _response(item: Body) -> Iterator[Event]:
    usage = {"input_tokens": 1, "output_tokens": 1, "total_tokens": 2}
    about = {"id": "response", "object": "response", "model": "mock"}
    events: list[Body] = [
        {"type": "response.created", "response": {**about, "status": "in_progress", "output": []}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {**about, "status": "completed", "output": [item], "usage": usage}},
    ]
    return ((event["type"], event) for event in events)
