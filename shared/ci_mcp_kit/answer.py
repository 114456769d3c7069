"""The results of tools: a view, as compact text and structured content, or an error, which always has one shape.

An error has text only. The TypeScript client validates structured content against the tool's output schema even where
`isError` is set, and would reject the error. The text begins with a word, because Gemini CLI takes text that is JSON
for structured content (https://github.com/google-gemini/gemini-cli/pull/27045).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pydantic_core
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict, model_serializer

from ci_mcp_kit.errors import ServiceError

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler

    from ci_mcp_kit.outgoing_text import Cleaner

ERROR = "Error: "
EMPTY: tuple[Any, ...] = ("", [], (), {})  # not 0 and False, which mean something


class View(BaseModel):
    """The base class of all answers: immutable, and without empty fields.

    A field that is None is left out, and so is an empty text, list or object in a field that has a default. The output
    schema agrees: such fields are not required. Numbers and booleans are always present.
    """

    brief: ClassVar[bool] = False
    """Whether the output schema names only the fields that are always present, for a server with many tools."""

    # Built on first use: building the validators of all views would make the start longer.
    model_config = ConfigDict(frozen=True, defer_build=True)

    def as_text(self) -> str | None:
        """Return the text of the answer, or None if the text is the JSON of the view."""
        return None

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        data: dict[str, Any] = handler(self)
        return {
            key: value
            for key, value in data.items()
            if value is not None and (fields[key].is_required() or value not in EMPTY)
        }


class Failure(ServiceError):
    """A bug of ours as the caller sees it: nothing but the id under which the log has its traceback."""

    code = "INTERNAL_ERROR"
    default_next_step = "Call again once; if it stays, look for details.request_id in the server's log (stderr)"


def to_json(value: Any) -> str:
    """Return `value` as compact JSON text."""
    return pydantic_core.to_json(value).decode()


def view_text(view: BaseModel, clean: Cleaner) -> str:
    """Return the text of `view`, cleaned: its own, or its compact JSON."""
    text = view.as_text() if isinstance(view, View) else None
    return to_json(clean.value(view.model_dump(mode="json"))) if text is None else clean.text(text)


def success(view: View, clean: Cleaner, notice: str = "") -> CallToolResult:
    """Return `view` as the result of a tool; `notice`, if any, comes first."""
    text = view.as_text()
    data = clean.value(({"notice": notice} if notice else {}) | view.model_dump(mode="json"))
    said = to_json(data) if text is None else clean.text(f"Notice: {notice}\n\n{text}" if notice else text)
    # The same twice, as some clients read one of them only (MCP 2025-11-25, server/tools, "Structured Content").
    return CallToolResult(content=[TextContent(type="text", text=said)], structured_content=data)


def error_data(error: ServiceError, clean: Cleaner) -> dict[str, Any]:
    """Return `error` as a JSON object, cleaned."""
    shape = {
        "code": error.code,
        "message": error.message,
        "next_step": error.next_step,
        "retryable": error.retryable,
        "details": error.details,
    }
    data: dict[str, Any] = clean.value(shape)
    return data


def failure(error: ServiceError, clean: Cleaner, notice: str = "") -> CallToolResult:
    """Return `error` as the failed result of a tool; `notice`, if any, is one of its details."""
    data = error_data(error, clean)
    if notice:
        data["details"]["notice"] = clean.text(notice)
    said = ERROR + to_json(data)
    return CallToolResult(content=[TextContent(type="text", text=said)], is_error=True)
