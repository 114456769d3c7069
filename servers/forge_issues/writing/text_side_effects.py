"""Finds the side effects of a text on a forge: people notified, issues referred to or closed. Pure."""

from __future__ import annotations

import re
from typing import Final

from ci_mcp_kit.outgoing_text import one_line

MOST_SHOWN: Final = 5
_WIDTH: Final = 60  # characters of one

# In none of these does a forge look for names: fenced blocks, inline code, HTML comments.
_INERT: Final = re.compile(
    r"^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\1[`~]*[ \t]*$|\Z)|(`+)[^`].*?\2|<!--.*?-->", re.MULTILINE | re.DOTALL
)
_MENTION: Final = re.compile(r"(?<![\w/.@-])@([A-Za-z0-9][\w.-]{0,60})")
_REFERENCE: Final = re.compile(r"(?<![\w/&])((?:[\w.-]{1,60}/[\w.-]{1,60})?[#!]\d{1,10})\b")
# Gitea's default words (go-gitea/gitea v1.27.3, custom/conf/app.example.ini, CLOSE_KEYWORDS and REOPEN_KEYWORDS).
_CLOSES: Final = re.compile(
    r"\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?|reopen(?:s|ed)?):?\s+((?:[\w.-]{1,60}/[\w.-]{1,60})?[#!]\d{1,10})\b",
    re.IGNORECASE,
)


def note_effects(*texts: str) -> tuple[str, ...]:
    """Return a sentence for each kind of effect that the texts have."""
    live = "\n".join(_INERT.sub(" ", text) for text in texts)
    found = {
        "notifies": (f"@{match[1]}" for match in _MENTION.finditer(live)),
        "refers to": (match[1] for match in _REFERENCE.finditer(live)),
        "may close or reopen": (match[2] for match in _CLOSES.finditer(live)),
    }
    sentences = []
    for verb, names in found.items():
        if every := list(dict.fromkeys(names)):
            more = f" and {len(every) - MOST_SHOWN} more" if len(every) > MOST_SHOWN else ""
            shown = ", ".join(one_line(name, _WIDTH) for name in every[:MOST_SHOWN])
            sentences.append(f"It {verb} {shown}{more}")
    return tuple(sentences)
