"""Judges by the name of a value whether the value is a secret. Pure."""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache

from ci_mcp_kit.secret_shapes.shape import pattern


class Hint(IntEnum):
    """How surely the value of a name is a secret."""

    NONE = 0
    RANDOM = 1  # if it looks random
    LIKELY = 2  # if it is not words
    SURE = 3  # a password, which may be a word


# All expressions match names in lower case, with `_` between their words.
_SURE = (
    r"passw(?:or)?ds?(?:_|[0-9]|$)|passwort|passphrase|pass_phrase|passcode"
    r"|(?:[a-z]_|key|store|db)pass$|[a-z]_?pwd$|[a-z]_pw$"
)
_LIKELY = (
    r"secrets?(?:_|[0-9]|$)|(?:^|_)secret|tokens?(?:_|[0-9]|$)|credentials?(?:_|$)|key_?(?:base|data)$"
    r"|sonar_login$|(?:^|_)(?:auth|pat|pass|pwd|salt|sas)$|hmac$|(?:api|access|account|private|shared|auth|client|signing|encrypt\w*"
    r"|master|licen[cs]e|deploy|admin|service|storage|webhook|hmac|jwt|crypt|app|application|subscription|primary|secondary|unseal"
    r"|integration)_?keys?(?:_|$)"
)
_RANDOM = r"key|auth|sess|sid|cookie|webhook|sig|jwt|hash|assertion|saml|otp|salt|dsn|token|secret|passw"
# Names of something about a secret, names of keys that are none, and words that a secret's name is part of.
_ABOUT = (
    r"(?:^|_)(?:file|path|names?|url|uri|type|len|length|size|ttl|exp|expir\w*|age|count|policy|ref|field|header|prefix"
    r"|suffix|env|vars?|variables?|store|manager|arn|version|dir|location|endpoint|provider|issuer|scopes?|hint|format"
    r"|alg|algorithm|min|max|reset|required|enabled|strength|prompt|timeout|tries|retries|attempts|delay|digest|fingerprint|checksum|class|mode|status|errors?"
    r"|method|handler|usage|limit|index|budget|stream|kind|tests?|specs?|py|rb|js|ts|go|rs|java|html|json|c|h|cpp|o|so)$"
    r"|pub_?key|public|script|package|snapshot|foreign|cache|primary_key|sort_key|partition|keyw|keyb|monkey|hotkey|turkey|tokeniz|keyset|keyring|keystore_type|object_key"
    r"|known_?host|idempotency|^(?:old_?)?pwd$|passed|passthrough|bypass|compass|passive|author(?!iz)|design|signal|signed"
    r"|assign|resid|inside|outside|beside|side|insig|signif"
)
_BETWEEN_WORDS = r"(?<=[a-z0-9])(?=[A-Z])|[.\-\s]+"


@lru_cache(4096)
def hint_of(name: str) -> Hint:
    """Return what `name` says about its value."""
    words = pattern(_BETWEEN_WORDS).sub("_", name).lower().strip("_")
    if words == "pwd" and name != "PWD":
        return Hint.LIKELY  # of a database's connection string, unlike the shell's working directory
    if pattern(_ABOUT).search(words):
        return Hint.NONE
    if pattern(_SURE).search(words):
        return Hint.SURE
    if pattern(_LIKELY).search(words):
        return Hint.LIKELY
    return Hint.RANDOM if pattern(_RANDOM).search(words) else Hint.NONE
