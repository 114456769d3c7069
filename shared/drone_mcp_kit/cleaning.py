"""What every string goes through on its way out: sanitised, then rid of secrets."""

from __future__ import annotations

from typing import Any

from drone_mcp_kit.redact import Redactor
from drone_mcp_kit.sanitize import sanitize


class Cleaner:
    """Cleans text and whole JSON values.

    Sanitising comes first: an escape sequence or a zero-width character in the middle of a secret would hide it.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor()

    def text(self, text: str) -> str:
        """Return `text` as it may leave."""
        self.redactor.learn()
        return self._text(text)

    def value(self, value: Any) -> Any:
        """Return the JSON value with every string in it cleaned, keys included."""
        self.redactor.learn()
        return self._value(value)

    def _text(self, text: str) -> str:
        return self.redactor.redact(sanitize(text))

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, dict):
            return {self._text(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value
