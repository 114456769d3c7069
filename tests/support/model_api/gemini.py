"""Google's streamGenerateContent as Gemini CLI uses it (https://ai.google.dev/api/generate-content)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from support.model_api.dialect import Asked, Body, Event, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator


def read(body: Body) -> Asked:
    """Read a request."""
    parts = [part for content in body["contents"] for part in content["parts"]]
    answers = [part["functionResponse"]["response"] for part in parts if "functionResponse" in part]
    functions = [function for tool in body.get("tools", ()) for function in tool.get("functionDeclarations", ())]
    return Asked(
        offered=tuple(function["name"] for function in functions),
        results=tuple(text_of(answer.get("output", answer)) for answer in answers),
    )


def call(number: str, name: str, arguments: dict[str, Any]) -> Iterator[Event]:
    """Call a tool."""
    return _response({"functionCall": {"id": number, "name": name, "args": arguments}})


def say(text: str) -> Iterator[Event]:
    """End the turn."""
    return _response({"text": text})


def _response(part: Body) -> Iterator[Event]:
    candidate = {"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}
    yield "", {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "mock", "responseId": "response"}
