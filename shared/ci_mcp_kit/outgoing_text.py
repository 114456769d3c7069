"""Sanitises and redacts every text that leaves the process.

A text is cleaned before it is cut: the half of a secret that a cut leaves does not look like one any more. So code that
cuts a text uses `one_line`, or passes the whole of it through `cleaned` first.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from ci_mcp_kit.redact import Redactor
from ci_mcp_kit.sanitize import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator


class Cleaner:
    """Cleans texts and whole JSON values.

    It sanitises before it redacts: an escape sequence or a zero-width character inside a secret would hide it.
    """

    def __init__(self, redactor: Redactor | None = None) -> None:
        self.redactor = redactor or Redactor()

    @contextmanager
    def in_force(self) -> Iterator[None]:
        """Make `cleaned` and `one_line` use this cleaner, in this task and those that it starts."""
        self.redactor.learn()
        token = _in_force.set(self)
        try:
            yield
        finally:
            _in_force.reset(token)

    def text(self, text: str) -> str:
        """Return `text`, cleaned."""
        self.redactor.learn()
        return self.one(text)

    def one(self, text: str) -> str:
        """Return `text`, cleaned, without reading the secrets again; for the many texts of one answer."""
        return self.redactor.redact(sanitize(text))

    def value(self, value: Any) -> Any:
        """Return a JSON value with all its texts cleaned, keys included."""
        self.redactor.learn()
        texts = dict.fromkeys(_texts_in(value))  # each once: most are the keys of rows
        return _replace(value, dict(zip(texts, self.redactor.redact_each(map(sanitize, texts)), strict=True)))


def _texts_in(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from _texts_in(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts_in(item)


def _replace(value: Any, texts: dict[str, str]) -> Any:
    if isinstance(value, str):
        return texts[value]
    if isinstance(value, dict):
        return {texts[key]: _replace(item, texts) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(item, texts) for item in value]
    return value


_PLAIN = Cleaner()
# A context variable, because texts are cut deep inside, where no cleaner is passed down.
_in_force: ContextVar[Cleaner] = ContextVar("cleaner", default=_PLAIN)


def cleaned(text: str) -> str:
    """Return `text`, cleaned by the cleaner of the current request.

    Call it before a text is cut: half a secret is not recognised when the whole answer is cleaned.
    """
    return _in_force.get().one(text)


def one_line(text: str, limit: int = 200) -> str:
    """Return the cleaned `text` with each run of white space as one space, cut to `limit` characters."""
    line = " ".join(cleaned(text).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"
