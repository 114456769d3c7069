"""What every string goes through on its way out: sanitised, then rid of secrets."""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cleaner:
    """Cleans text and whole JSON values.

    Sanitising comes first: an escape sequence or a zero-width character in the middle of a secret would hide it.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Let `cleaned` mean this one, in this task and what it starts."""
        self.redactor.learn()
        token = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(token)

    def text(self, text: str) -> str:
        """Return `text` as it may leave."""
        self.redactor.learn()
        return self.one(text)

    def one(self, text: str) -> str:
        """Do the same without asking for the secrets again: for the many texts of one answer."""
        return self.redactor.redact(sanitize(text))

    def value(self, value: Any) -> Any:
        """Return the JSON value with every string in it cleaned, keys included."""
        self.redactor.learn()
        return self._value(value)

    def _value(self, value: Any) -> Any:
        if isinstance(value, str):
            return self.one(value)
        if isinstance(value, dict):
            return {self.one(key): self._value(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._value(item) for item in value]
        return value


_PLAIN = Cleaner()
_in_force: ContextVar[Cleaner] = ContextVar("cleaner", default=_PLAIN)


def cleaned(text: str) -> str:
    """Return `text` as it may leave, by the rules of whoever answers now.

    Ask before cutting a text: half a secret is not known as one when the whole answer is cleaned.
    """
    return _in_force.get().one(text)
