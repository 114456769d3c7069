"""What leaves a tool: a view as compact text and structured content, or an error in the one shape.

An error has text only. The TypeScript client checks structured content against the tool's output schema even where
`isError` is set, and would throw away an error that came that way. A word stands before it, because Gemini CLI takes
a text that is JSON for structured content (google-gemini/gemini-cli pull request 27045).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pydantic_core
from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, ConfigDict, model_serializer

from ci_mcp_kit.errors import ServiceError

if TYPE_CHECKING:
    from pydantic import SerializerFunctionWrapHandler

    from ci_mcp_kit.cleaning import Cleaner

ERROR = "Error: "


class View(BaseModel):
    """The base of every answer model: small, immutable, and without what says nothing.

    A field that is None is left out, and so is an empty text, list or table in a field that has a default. The output
    schema says the same: such fields are not required. Numbers and booleans are always said.
    """

    model_config = ConfigDict(frozen=True, defer_build=True)

    def as_text(self) -> str | None:
        """Return the text of the answer where it is not the JSON of the view (log lines, say)."""
        return None

    @model_serializer(mode="wrap")
    def _lean(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields = type(self).model_fields
        data: dict[str, Any] = handler(self)
        return {
            key: value
            for key, value in data.items()
            if value is not None and (fields[key].is_required() or not _is_empty(value))
        }


class Failure(ServiceError):
    """A crash of ours as the caller sees it: nothing but a number to find it in the log by."""

    code = "INTERNAL_ERROR"
    default_next_step = "Call again once; if it stays, look for details.request_id in the server's log (stderr)"


def _is_empty(value: Any) -> bool:
    return isinstance(value, str | list | tuple | dict) and not value


def to_json(value: Any) -> str:
    """Return `value` as compact JSON text."""
    return pydantic_core.to_json(value).decode()


def view_data(view: BaseModel, clean: Cleaner) -> Any:
    """Return the JSON value of `view`, cleaned."""
    return clean.value(view.model_dump(mode="json"))


def view_text(view: BaseModel, clean: Cleaner) -> str:
    """Return the text of `view`, cleaned: its own, or its compact JSON."""
    text = view.as_text() if isinstance(view, View) else None
    return to_json(view_data(view, clean)) if text is None else clean.text(text)


def success(view: View, clean: Cleaner) -> CallToolResult:
    """Return the tool result that tells `view`."""
    text = view.as_text()
    data = view_data(view, clean)
    said = to_json(data) if text is None else clean.text(text)
    return CallToolResult(content=[TextContent(type="text", text=said)], structured_content=data)


def error_data(error: ServiceError, clean: Cleaner) -> dict[str, Any]:
    """Return the one shape of errors, cleaned."""
    shape = {
        "code": error.code,
        "message": error.message,
        "next_step": error.next_step,
        "retryable": error.retryable,
        "details": error.details,
    }
    data: dict[str, Any] = clean.value(shape)
    return data


def failure(error: ServiceError, clean: Cleaner) -> CallToolResult:
    """Return the failed tool result that tells `error`."""
    said = ERROR + to_json(error_data(error, clean))
    return CallToolResult(content=[TextContent(type="text", text=said)], is_error=True)
