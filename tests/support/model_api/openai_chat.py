"""OpenAI's Chat Completions API as OpenCode uses it (https://platform.openai.com/docs/api-reference/chat-streaming)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from support.model_api.dialect import Asked, Body, Event, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(body: Body) -> Asked:
    """Read a request."""
    answers = [message for message in body["messages"] if message["role"] == "tool"]
    return Asked(
        offered=tuple(tool["function"]["name"] for tool in body.get("tools", ())),
        results=tuple(text_of(answer["content"]) for answer in answers),
    )


def call(number: str, name: str, arguments: dict[str, Any]) -> Iterator[Event]:
    """Call a tool."""
    function = {"name": name, "arguments": json.dumps(arguments)}
    return _chunks({"tool_calls": [{"index": 0, "id": number, "type": "function", "function": function}]}, "tool_calls")


def say(text: str) -> Iterator[Event]:
    """End the turn."""
    return _chunks({"content": text}, "stop")


def _chunks(delta: Body, reason: str) -> Iterator[Event]:
    about = {"id": "completion", "object": "chat.completion.chunk", "created": 1, "model": "mock"}
    first = {"index": 0, "delta": {"role": "assistant", **delta}, "finish_reason": None}
    last = {"index": 0, "delta": {}, "finish_reason": reason}
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    yield "", {**about, "choices": [first]}
    yield "", {**about, "choices": [last], "usage": usage}
    yield "", "[DONE]"
