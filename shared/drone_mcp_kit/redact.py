"""Secrets taken out of text: the process's own tokens, and what has the shape of a secret.

Pure and linear: every pattern begins with literal text that is looked for first, and repeats single classes only. What
is common in build logs and no secret stays: commit ids, digests, UUIDs, checksums.
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

MARK = "[redacted]"


@dataclass(frozen=True)
class _Shape:
    """A shape of secret: `needles` one of which the (lower-cased) text holds, and the pattern."""

    needles: tuple[str, ...]
    pattern: re.Pattern[str]
    keep: Callable[[re.Match[str]], bool] | None = None

    def redact(self, text: str, lowered: str) -> str:
        if not any(needle in lowered for needle in self.needles):
            return text
        return self.pattern.sub(self._replace, text)

    def _replace(self, match: re.Match[str]) -> str:
        if self.keep is not None and self.keep(match):
            return match[0]
        lead = match["lead"] if "lead" in match.re.groupindex else ""
        return lead + MARK


def _shape(needles: str, pattern: str, keep: Callable[[re.Match[str]], bool] | None = None) -> _Shape:
    return _Shape(tuple(needles.split()), re.compile(pattern), keep)


_PLAIN_WORDS = 3.0  # bits a character: below it a value is a word or a placeholder, no random text
_REFERENCE = re.compile(r"(?:\$|\{\{|<|%|\*\*|\[redacted\]|from_secret|os\.|process\.|secrets\.|env\.)", re.IGNORECASE)
_MIN_RANDOM = 16  # characters: a shorter value must mix letters and digits to count


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())


def _is_no_value(match: re.Match[str]) -> bool:
    """Tell whether what is assigned to a secret's name is a reference or a plain word."""
    value = match["value"]
    if _REFERENCE.match(value):
        return True
    mixed = any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return not mixed if len(value) < _MIN_RANDOM else _entropy(value) < _PLAIN_WORDS


_START = r"(?<![A-Za-z0-9_])"
_SHAPES = (
    # GitHub: the prefixes of its token formats; 36 characters in the classic ones
    _shape("ghp_ gho_ ghu_ ghs_ ghr_", _START + r"gh[pousr]_[A-Za-z0-9]{30,255}"),
    _shape("github_pat_", _START + r"github_pat_[A-Za-z0-9_]{22,255}"),
    _shape("gl", _START + r"(?:glpat|gldt|glrt|glcbt|glptt|glft|glimt|glagent|gloas|glsoat)-[A-Za-z0-9_.=-]{20,300}"),
    _shape("akia asia", _START + r"(?:AKIA|ASIA)[A-Z2-7]{16}(?![A-Za-z0-9])"),
    _shape("xox", _START + r"xox[a-z](?:\.xox[a-z])?-[A-Za-z0-9-]{10,300}"),
    _shape("xapp-", _START + r"xapp-[A-Za-z0-9-]{10,300}"),
    _shape("hooks.slack.com", r"(?P<lead>hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]{20,200}"),
    _shape("npm_", _START + r"npm_[A-Za-z0-9]{36}"),
    _shape("pypi-", _START + r"pypi-AgE[A-Za-z0-9_-]{50,1000}"),
    _shape("aiza", _START + r"AIza[A-Za-z0-9_-]{35}"),
    _shape("ya29.", _START + r"ya29\.[A-Za-z0-9_-]{20,1000}"),
    _shape("gocspx-", _START + r"GOCSPX-[A-Za-z0-9_-]{20,60}"),
    _shape("eyj", _START + r"eyJ[A-Za-z0-9_-]{8,4000}\.eyJ[A-Za-z0-9_-]{4,8000}\.[A-Za-z0-9_-]{8,2000}"),
    _shape("sk_ rk_ whsec_", _START + r"(?:[sr]k_(?:live|test)_|whsec_)[A-Za-z0-9]{16,255}"),
    _shape("sk-", _START + r"sk-(?:ant-|proj-|svcacct-|or-)?[A-Za-z0-9_-]{32,300}"),
    _shape("hf_", _START + r"hf_[A-Za-z0-9]{30,60}"),
    _shape("dckr_", _START + r"dckr_(?:pat|oat)_[A-Za-z0-9_-]{20,100}"),
    _shape("hvs. hvb.", _START + r"hv[sb]\.[A-Za-z0-9_-]{24,500}"),
    _shape("sg.", _START + r"SG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
    _shape("dop_v1_ doo_v1_", _START + r"do[op]_v1_[a-f0-9]{64}"),
    _shape("age-secret-key-1", r"AGE-SECRET-KEY-1[A-Z0-9]{50,64}"),
    _shape(
        "private key-----",
        r"-----BEGIN (?P<kind>[A-Z0-9 ]{0,40})PRIVATE KEY(?: BLOCK)?-----"
        r"[^-]{0,20000}(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----)?",
    ),
    _shape(
        "authorization",
        r"(?i)(?P<lead>authorization[\"']?[ \t]{0,4}[:=][ \t]{0,4}[\"']?(?:(?:bearer|basic|token|digest)[ \t]{1,4})?)"
        r"(?P<value>[A-Za-z0-9+/=._~:-]{6,8000})",
        lambda match: bool(_REFERENCE.match(match["value"])),
    ),
    _shape(
        "bearer",
        r"(?i)(?P<lead>" + _START + r"bearer[ \t]{1,4})(?P<value>[A-Za-z0-9+/=._~-]{16,8000})",
        lambda match: _entropy(match["value"]) < _PLAIN_WORDS or not any(c.isdigit() for c in match["value"]),
    ),
    # user:password@host; the user name stays
    _shape(
        "://",
        r"(?P<lead>://[^\s/:@\"'<>]{0,200}:)(?P<value>[^\s/@\"'<>]{1,300})(?=@)",
        lambda match: bool(_REFERENCE.match(match["value"])),
    ),
    _shape(
        "secret token passw pwd api_key api-key apikey access_key access-key accesskey private_key credential",
        r"(?i)(?P<lead>(?:secret|token|passw(?:or)?d|passwd|pwd|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)"
        r"(?:[_-](?:id|key|value|b64|base64))?[\"']?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}[\"']?)"
        r"(?P<value>[^\s\"'`,;&<>(){}\[\]]{8,4000})",
        _is_no_value,
    ),
)


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


_MIN_CORE = 8
_MIN_SECRET = 4  # a shorter "secret" would take half the alphabet out of every answer


class Redactor:
    """Takes secrets out of text. `secrets` gives this process's own tokens, asked on every use: a file may change."""

    def __init__(self, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        self._secrets = secrets
        self._known: frozenset[str] = frozenset()
        self._forms: list[str] = []

    def redact(self, text: str) -> str:
        """Return `text` with every secret replaced by a mark."""
        for form in self._own():
            if form in text:
                text = text.replace(form, MARK)
        lowered = text.lower()
        for shape in _SHAPES:
            text = shape.redact(text, lowered)
        return text

    def _own(self) -> list[str]:
        now = {secret for secret in self._secrets() if len(secret) >= _MIN_SECRET}
        if not now <= self._known:
            # A token that was replaced is still a secret.
            self._known |= now
            forms = {form for secret in self._known for form in _encodings(secret)}
            self._forms = sorted(forms, key=len, reverse=True)
        return self._forms
