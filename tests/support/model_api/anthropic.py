"""Anthropic's Messages API as Claude Code uses it (https://docs.anthropic.com/en/docs/build-with-claude/streaming)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from support.model_api.dialect import Asked, Body, Event, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator

SEARCH = "ToolSearch"  # the tool that loads the schemas of deferred ones
_NAME = re.compile(r"^mcp__[\w-]+$", re.MULTILINE)  # each on a line of its own, in a text before the conversation


def read(body: Body) -> Asked:
    """Read a request; what Claude Code defers is named in a text."""
    blocks = list(_blocks(body["messages"]))
    answers = [block for block in blocks if block["type"] == "tool_result"]
    names = [name for block in blocks if block["type"] == "text" for name in _NAME.findall(block["text"])]
    return Asked(
        offered=tuple(tool["name"] for tool in body.get("tools", ())),
        results=tuple(text_of(answer["content"]) for answer in answers if answer["tool_use_id"] != SEARCH),
        deferred=tuple(dict.fromkeys(names)),
        searched=any(answer["tool_use_id"] == SEARCH for answer in answers),
    )


def _blocks(messages: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        content = message["content"]
        yield from [{"type": "text", "text": content}] if isinstance(content, str) else content


def call(number: str, name: str, arguments: dict[str, Any]) -> Iterator[Event]:
    """Call a tool."""
    block = {"type": "tool_use", "id": number, "name": name, "input": {}}
    return _message(block, {"type": "input_json_delta", "partial_json": json.dumps(arguments)}, "tool_use")


def search(names: tuple[str, ...]) -> Iterator[Event]:
    """Load the schemas of deferred tools."""
    return call(SEARCH, SEARCH, {"query": f"select:{','.join(names)}", "max_results": len(names)})


def say(text: str) -> Iterator[Event]:
    """End the turn."""
    return _message({"type": "text", "text": ""}, {"type": "text_delta", "text": text}, "end_turn")


def _message(block: Body, delta: Body, reason: str) -> Iterator[Event]:
    usage = {"input_tokens": 1, "output_tokens": 1}
    about = {"id": "msg", "type": "message", "role": "assistant", "model": "mock", "content": [], "usage": usage}
    end = {"stop_reason": reason, "stop_sequence": None}
    events: list[Body] = [
        {"type": "message_start", "message": {**about, "stop_reason": None, "stop_sequence": None}},
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": end, "usage": {"output_tokens": 1}},
        {"type": "message_stop"},
    ]
    return ((event["type"], event) for event in events)
