"""Tells secrets from placeholders, words and references, by their text alone. Pure."""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

from ci_mcp_kit.secret_shapes.shape import pattern

# Entropy in bits per character. Text below the first repeats itself; words of a language stay below the second.
_REPETITIVE = 2.5
_RANDOM = 3.5
_LONG = 20  # characters: a text without digits is a secret only if it is long, of mixed case and looks random
_LEAST_RANDOM = 16  # letters and digits
_SWITCHES = 0.35  # of neighbours in random text of mixed case are of another class; in names a fifth
_SWITCHES_OF_ONE_CASE = 0.15  # the same in hexadecimal or base32
_LEAST_DIGITS = {1: 2.0, 2: 0.12, 3: 0.03}  # part of the characters, by how many classes of them there are
_MOST_MARKS = 0.2  # of a random text are other characters than letters and digits

_PLACEHOLDER = r"""(?ix)
    \$(?: [{(]? [a-z_][\w.]*  [)}]? $ | [{(] )  # a variable of a shell
    | \{\{ | \#\{ | <\w[\w .:-]*>?$ | @\w+@$ | @/? [\w./-]+$ | %[\w(][^%]*%?$
    | ! (?: vault|reference|ref|sub|env|getatt|include|secret ) \b | \*\* | \*$ | x{3,}$ | -+$ | \.{2,} | \([\w .]*\)?$
    | \[ (?: redacted|secure|masked|hidden|filtered|private|removed|\*+ )
    | (?: redacted|masked|hidden|filtered|changeme|placeholder|required|optional|missing|invalid|example|your[-_]\w+
        | true|false|null|none|nil|undefined|unset|empty|yes|no|on|off|string|str|text|bool|int|value|stdin|prompt|auto
      ) $
    | (?-i: [A-Z][A-Z0-9]* (?: _[A-Z0-9]+ )+ $ )  # the name of a variable
    | from_secret | (?:os|process|secrets?|env|vars?|self|this|config|settings|data|params|args|local|module)\.[a-z_]
    | (?:arn|vault|op|ref|keyring|ssm)[:+]
    """
_PATH = r"(?:~|\.{1,2})?/(?:[\w.@+-]+/)*[\w.@+-]*|[A-Za-z]:\\.*"


def is_placeholder(value: str) -> bool:
    """Return whether `value` stands for a secret: a reference, a mask, a path, or a word of a description."""
    if pattern(_PLACEHOLDER).match(value):
        return True
    return bool(pattern(_PATH).fullmatch(value)) and not looks_random(value)


def is_words(text: str) -> bool:
    """Return whether `text` consists of words or numbers, and is not random."""
    if any(c.isdigit() for c in text):
        return not any(c.isalpha() for c in text) or _entropy(text) < _REPETITIVE
    return len(text) < _LONG or text.lower() == text or text.upper() == text or _entropy(text) < _RANDOM


def may_go_on(text: str) -> bool:
    """Return whether `text` may be the rest of a secret that was wrapped: mixed as random text is, if only a little."""
    kinds = ["0" if c.isdigit() else "a" if c.islower() else "A" for c in text if c.isalnum()]
    switches = sum(one != other for one, other in pairwise(kinds))
    return switches >= _SWITCHES * len(kinds) or ("0" in kinds and len(set(kinds)) > 1 and not is_words(text))


def looks_random(text: str) -> bool:
    """Return whether the letters and digits of `text` follow each other as in generated secrets, unlike in names."""
    core = [c for c in text if c.isalnum()]
    if len(core) < _LEAST_RANDOM or len(text) - len(core) > _MOST_MARKS * len(text):
        return False
    kinds = ["0" if c.isdigit() else "a" if c.islower() else "A" for c in core]
    switches = sum(one != other for one, other in pairwise(kinds)) / len(core)
    wanted = {1: 2.0, 2: _SWITCHES_OF_ONE_CASE, 3: _SWITCHES}[len(set(kinds))]
    digits = kinds.count("0") / len(core)
    return digits >= _LEAST_DIGITS[len(set(kinds))] and switches >= wanted and _entropy(text) >= _REPETITIVE


def _entropy(text: str) -> float:
    counts = Counter(text)
    return -sum(n / len(text) * math.log2(n / len(text)) for n in counts.values())
