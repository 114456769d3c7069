"""Redacts secrets in text: those of this process, and everything that has the form of a secret. Pure."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MARK = "[redacted]"


def _encodings(secret: str) -> set[str]:
    """The forms in which `secret` may turn up: as it is, in a URL, or inside any base64 text."""
    raw = secret.encode()
    forms = {secret, quote(secret, safe="")}
    for pad in range(3):
        encoded = base64.b64encode(b"\0" * pad + raw).decode().rstrip("=")
        # The first and last characters also hold bits of the neighbours.
        core = encoded[(0, 2, 3)[pad] : len(encoded) - (1 if (pad + len(raw)) % 3 else 0)]
        if len(core) >= _MIN_CORE:
            forms |= {core, core.replace("+", "-").replace("/", "_")}
    return forms


_MIN_CORE = 8  # characters; shorter pieces of base64 turn up in other text by chance
_MIN_SECRET = 4  # a shorter "secret" would take half the alphabet out of every answer


class Redactor:
    """Takes secrets out of text. `secrets` gives this process's own tokens; a file of them may change."""

    def __init__(self, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        self._secrets = secrets
        self._known: frozenset[str] = frozenset()
        self._forms: list[str] = []
        self.learn()

    def learn(self) -> None:
        """Ask for the tokens again. One that was replaced is still a secret."""
        now = frozenset(secret for secret in self._secrets() if len(secret) >= _MIN_SECRET)
        if not now <= self._known:
            self._known |= now
            # Longest first, because one form may contain another.
            self._forms = sorted({form for secret in self._known for form in _encodings(secret)}, key=len, reverse=True)

    def redact(self, text: str) -> str:
        """Return `text` with every secret replaced by a mark."""
        return redact_shapes(self._redact_known(text))

    def redact_each(self, texts: Iterable[str]) -> list[str]:
        """Return the same as `redact` for each of many texts, in a tenth of the time.

        A search for shapes costs about the same for each short text, so they are searched together, and one by one
        where that finds anything.
        """
        from ci_mcp_kit.secret_shapes import APART, secret_spans  # noqa: PLC0415 - on first use, to start fast
        from ci_mcp_kit.secret_shapes.shape import SHORT  # noqa: PLC0415 - as above

        groups: list[list[str]] = []
        room = 0  # in the last one: a longer text would load RE2 (`secret_shapes.shape`)
        for text in map(self._redact_known, texts):
            if not groups or len(text) > room:
                groups.append([])
                room = SHORT
            groups[-1].append(text)
            room -= len(text) + len(APART)
        redacted: list[str] = []
        for together in groups:
            found = len(together) == 1 or secret_spans(APART.join(together))
            redacted += map(redact_shapes, together) if found else together
        return redacted

    def _redact_known(self, text: str) -> str:
        for form in self._forms:
            if form in text:
                text = text.replace(form, MARK)
        return text


def redact_shapes(text: str) -> str:
    """Return `text` with everything that has the form of a secret replaced by marks.

    It has as many lines as before: the first line of a longer secret says how many there are.
    """
    from ci_mcp_kit.secret_shapes import secret_spans  # noqa: PLC0415 - on first use, to start fast

    parts, kept_from = [], 0
    for start, end in secret_spans(text):
        lines = text.count("\n", start, end)
        parts += [text[kept_from:start], f"[redacted: {lines + 1} lines]" + f"\n{MARK}" * lines if lines else MARK]
        kept_from = end
    return "".join([*parts, text[kept_from:]]) if parts else text


def holds_secret(text: str) -> bool:
    """Return whether anything in `text` has the form of a secret."""
    return redact_shapes(text) != text
