"""Recognises secrets by their names and shapes. Pure.

Role files and client configurations hold names of variables, never their values. The rules rather take a harmless value
for a secret than the other way round: writing `${VARIABLE}` costs a minute, a token in git costs more.
"""

from __future__ import annotations

import itertools
import re

_SECRET_WORDS = frozenset(
    {
        "token", "secret", "password", "passwd", "passphrase", "pwd", "credential", "credentials", "cookie",
        "authorization", "apikey", "pat",
    }
)  # fmt: skip
# … followed by "key"
_SECRET_KEYS = frozenset(
    {
        "api", "access", "private", "secret", "signing", "encryption", "action", "master", "deploy", "ssh", "account",
        "storage",
    }
)  # fmt: skip
# The last word says what a value is: TOKEN_FILE, TOKEN_URL and TOKEN_LIMIT hold no token.
_HARMLESS_ENDINGS = frozenset({"file", "path", "name", "url", "limit", "type"})
# Splits GITEA_TOKEN, X-Api-Key and apiKey alike.
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")

# Prefixes by which issuers let their tokens be found: GitHub, GitLab, Slack, OpenAI and Anthropic, PyPI, npm, HashiCorp
# Vault, DigitalOcean; then the ids of AWS access keys.
_SHAPES = re.compile(
    r"\b(?:gh[opsur]_|github_pat_|glpat-|xox[abprs]-|sk-|pypi-|npm_|hvs\.|dop_v1_)[A-Za-z0-9_-]{16,}"
    r"|\bAKIA[A-Z0-9]{16}\b"
    r"|\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}"  # a JSON web token
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|://[^/\s:@]*:[^/\s@]+@"  # a password in an address
)
# Digests of images and packages look as random as secrets, and are public.
_DIGEST = re.compile(r"\bsha(?:256|384|512)[:-][A-Za-z0-9+/=]+")
_LONG_WORD = re.compile(r"(?<![A-Za-z0-9/._-])[A-Za-z0-9]{32,}(?![A-Za-z0-9/._-])")  # Drone's own tokens are 32 long
_REFERENCE = re.compile(r"\$\{[^}]*\}")
_SCHEME = re.compile(r"\s*(?:Bearer|Basic|token|Token)?\s*")
_OPTION = re.compile(r"^--?([A-Za-z][A-Za-z0-9_-]*)(?:=(.*))?$", re.DOTALL)


def names_a_secret(name: str) -> bool:
    """Return whether a variable, header or option of this name holds a secret (`GITEA_TOKEN`, `X-Api-Key`)."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _HARMLESS_ENDINGS:
        return False
    pairs = itertools.pairwise(words)
    return not _SECRET_WORDS.isdisjoint(words) or any(a in _SECRET_KEYS and b == "key" for a, b in pairs)


def looks_secret(value: str) -> bool:
    """Return whether the literal parts of a value have the shape of a token, key or password."""
    literal = _DIGEST.sub("", _REFERENCE.sub("", value))
    # A long word of letters alone, or of digits alone, is rather a name or an id.
    is_mixed = (
        any(c.isdigit() for c in word) and any(c.isalpha() for c in word) for word in _LONG_WORD.findall(literal)
    )
    return bool(_SHAPES.search(literal)) or any(is_mixed)


def is_literal_secret(name: str, value: str) -> bool:
    """Return whether `value`, set under `name`, is a secret written out instead of referred to."""
    if looks_secret(value):
        return True
    if not names_a_secret(name):
        return False
    # The default of a reference is written out: it would be the secret itself.
    if ":-" in value and any(":-" in ref and not ref.endswith(":-}") for ref in _REFERENCE.findall(value)):
        return True
    # References, an authorisation scheme, a switch and a count are none.
    rest = _REFERENCE.sub("", value)
    is_count = rest.isdigit() and len(rest) < 8  # noqa: PLR2004 - digits
    return not (_SCHEME.fullmatch(rest) or rest.lower() in {"true", "false"} or is_count)


def secret_argument(args: list[str]) -> int | None:
    """Return the index of the first argument that holds a secret: by its shape, or by the option it belongs to."""
    option = ""
    for index, argument in enumerate(args):
        match = _OPTION.match(argument)
        if match and match[2] is not None:
            if is_literal_secret(match[1], match[2]):
                return index
            option = ""
        elif match:
            option = match[1]
            if looks_secret(argument):
                return index
        else:
            if is_literal_secret(option, argument):
                return index
            option = ""
    return None
