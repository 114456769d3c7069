"""Reads `key=value` words as the arguments of a tool, by its schema. Pure but for files that are named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from drone_mcp_config.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LARGEST_FILE: Final = 2**20  # bytes
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def read_values(words: Sequence[str], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments that the words give.

    A word is `key=value`, `key=@file` (the text of a file; `@@` is a plain @), or a whole JSON object. A value that
    does not fit the schema stays a text: the tool refuses it, and says what it takes.

    Raises:
        UserError: a word is none of these, or a file cannot be read.
    """
    properties = schema.get("properties", {})
    values: dict[str, Any] = {}
    for word in words:
        if word.startswith("{"):
            try:
                values |= json.loads(word)  # what begins with a brace and can be read is an object
            except ValueError as error:
                raise UserError(f"That JSON cannot be read: {error}.") from error
            continue
        key, equals, text = word.partition("=")
        if not key or not equals:
            raise UserError(f"{word!r} is no argument. Write key=value, key=@file or a JSON object.")
        values[key] = _typed(_text_of(text), properties.get(key, {}).get("type", "string"))
    return values


def _text_of(text: str) -> str:
    if not text.startswith("@"):
        return text
    if text.startswith("@@"):
        return text[1:]
    path = Path(text[1:])
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except OSError as error:
        raise UserError(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > LARGEST_FILE:
        raise UserError(f"{path} is larger than {LARGEST_FILE // 2**20} MiB, the most that an argument may have.")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise UserError(f"{path} is not UTF-8 text.") from error


def _typed(text: str, kind: str) -> Any:
    if kind == "string":
        return text
    if kind == "boolean":
        return _BOOLEANS.get(text.lower(), text)
    try:
        return json.loads(text)
    except ValueError:
        return text
