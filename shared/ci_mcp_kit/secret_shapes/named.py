"""Values that have the name of a secret: pairs, assignments, flags, elements, rows. Pure, in linear time."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ci_mcp_kit.secret_shapes.false_positives import is_placeholder, is_words, looks_random
from ci_mcp_kit.secret_shapes.names import Hint, hint_of
from ci_mcp_kit.secret_shapes.shape import Shape, pattern

_STEMS = """
passw passphrase passcode pass-phrase pass_phrase _pass -pass keypass storepass dbpass "pass 'pass pass= passin passout
_pw= _pw: pwd secret token credential key auth sig= sig" sig' signature session sid= dsn hmac salt webhook jwt pat=
sonar.login
"""
_QUOTE = r"\\{0,3}[\"'`]"
_NAMED = rf"""(?ix)
    (?P<lead>
      (?P<rest> ["']? [\w.-]{{0,60}}? )
      (?P<separator>
          (?:{_QUOTE})? [\])]? (?: [ ] [0-9]{{1,2}} (?=:) )?
            [ \t]{{0,8}} (?: => | := | \?= | \+= | -> | :: | ==? | : | \|\|? ) [ \t]{{0,8}}
        | (?P<element> (?: [ \t][\w:.-]{{1,40}}=["'][^"'\n]{{0,80}}["'] ){{0,3}} [ \t]? > [ \t]{{0,8}} )
        | (?P<value_of_name> (?:{_QUOTE})? [ \t]{{0,4}} ,? \s{{0,80}} (?:{_QUOTE})?
            (?: value | val | default | content | \#text | data ) (?:{_QUOTE})? [ \t]{{0,4}} [:=] [ \t]{{0,4}}
          | </[\w:.-]{{1,40}}> \s{{0,80}} <[\w:.-]{{1,40}}> )
        | [ \t]{{1,2}} (?: is | was | set[ ]to | for[ ][^\s:]{{1,80}}(?:[ ][^\s:]{{1,80}}){{0,2}}: ) [ \t:]{{1,3}}
        | \( (?=["'])
        | (?P<blank> [ \t]{{1,8}} | ["'] [ \t]{{0,4}} , \s{{0,80}} (?=["']) )
      )
      (?: [bu] (?=["']) )?
      (?: (?P<quote>{_QUOTE}) | {_QUOTE} )?
      (?: (?:bearer|basic|token|api-?key|digest|ssws|bot|sso-key) [ \t]{{1,4}} )?
    )
    (?P<value>
      (?(quote)
        (?: (?!(?P=quote)) (?: \\. | [^\n] ) ){{1,4000}} (?=(?P=quote))
      |
        (?: [^\s"'`,;&<>()\[\]{{}}\\|]
          | [,&] (?! [\s"'] | $ | [\w.-]{{1,40}}[=:] ) | ; (?! [\s"'] | $ | [\w\ .-]{{1,40}}= )
          | [)\]}}] (?! [\s,;.:)\]}}"'] | $ )
          | [(\[{{|>] | < (?! [/!\w] ) | \\ (?! [nrt"'] ) | ["'] (?=\w)
        ){{1,4000}}
      )
    )
    """
_CALL = r"[A-Za-z_][\w.:]*[(\[]"
_SHOUTED = r"[A-Z][A-Z0-9_]*"  # as variables of the environment are
_LONGEST_BEFORE = 50  # characters of a name before its stem
_REVERSED_NAME = r"[\w.-]*"
_FIRST_WORDS = tuple(
    f"{word} "
    for word in [
        "api",
        "access",
        "secret",
        "private",
        "account",
        "encryption",
        "shared",
        "master",
        "client",
        "signing",
        "license",
        "auth",
        "setup",
        "unseal",
    ]
)
# What gives a variable a value after a blank, or a setting.
_SETTERS = ("ENV", "ARG", "setenv", "setx", "set", "config", "-x", "-gx", "-Ux", "--global", "-U")
_LEAST_LIKELY = 8  # characters of a token
_LEAST_ASSIGNED = 6  # the same for a variable or a flag
_LONG_WORD = 12  # characters: words of prose after a flag are shorter


@dataclass(frozen=True)
class _Name:
    """The name of a value.

    Attributes:
        text: the whole name, of which the stem that was found may be a part.
        before: what is before it in the text, as far as it matters.
        flag: whether it is a command's flag.
    """

    text: str
    before: str
    flag: bool

    @classmethod
    def of(cls, match: re.Match[str]) -> _Name:
        before = match.string[max(0, match.start() - _LONGEST_BEFORE) : match.start()]
        begun = pattern(_REVERSED_NAME).match(before[::-1])
        start = len(before) - (begun.end() if begun else 0)
        name, before = (before[start:] + match["rest"]).strip("\"'"), before[:start]
        flag = name.startswith("-") and (not before or before[-1] in " \t\n\"'[,(")
        if before.lower().endswith(_FIRST_WORDS):
            name = f"{before.split()[-1]} {name}"
        return cls(name.strip(".-"), before, flag)

    @property
    def is_set(self) -> bool:
        """Whether a value may follow after a blank: of a flag, or of what a command sets."""
        return self.flag or self.before[: self.before.rfind(" ") + 1].rstrip().endswith(_SETTERS)


def _is_harmless(match: re.Match[str]) -> bool:
    """Return whether the value of a name is no secret."""
    name, value = _Name.of(match), match["value"]
    begins_line = not name.before.rpartition("\n")[2].strip()
    in_prose = match["blank"] and not (match["quote"] or name.is_set or begins_line)
    if in_prose and not looks_random(value):
        return True  # most of what comes here
    hint = hint_of(name.text)
    if hint is Hint.NONE or is_placeholder(value) or value.lower() == name.text.lower():
        return True
    if hint is Hint.RANDOM:
        mixed = value not in {value.lower(), value.upper()}  # the keys of caches are not
        return not looks_random(value) or (name.text.lower() in {"key", "keys"} and not mixed)
    return _is_harmless_after_blank(match, name, hint) if match["blank"] else _is_harmless_pair(match, name, hint)


def _is_harmless_after_blank(match: re.Match[str], name: _Name, hint: Hint) -> bool:
    """Return whether what follows a name after a blank is no secret."""
    value = match["value"]
    if name.is_set and hint is Hint.SURE:
        short = value.isalpha() and len(value) < _LONG_WORD and value in {value.lower(), value.upper()}
        return short or value.startswith("-")
    if name.is_set or (match["quote"] and " " not in value):
        return len(value) < _LEAST_LIKELY or is_words(value)
    return not looks_random(value) and (hint is not Hint.SURE or not _is_alone(match) or is_words(value))


def _is_harmless_pair(match: re.Match[str], name: _Name, hint: Hint) -> bool:
    """Return whether the value of a pair is no secret: how sure that is depends on the form of the pair."""
    value = match["value"]
    structured = bool(match["quote"] or match["element"] or match["value_of_name"])
    assigned = match["separator"].strip("\"'\\`") == "=" and bool(name.flag or pattern(_SHOUTED).fullmatch(name.text))
    if not structured and pattern(_CALL).match(value):
        return True
    if hint is Hint.SURE and (structured or assigned):
        return value.isdigit() and not (assigned or match["quote"])
    if assigned and len(value) >= _LEAST_ASSIGNED:
        return False
    return (
        is_words(value) and not _is_alone(match) if hint is Hint.SURE else len(value) < _LEAST_LIKELY or is_words(value)
    )


def _is_alone(match: re.Match[str]) -> bool:
    """Return whether a name and its value are all that their line has, as in a file of settings."""
    text, start = match.string, max(0, match.start() - _LONGEST_BEFORE)
    line = text[max(start, text.rfind("\n", start, match.start()) + 1) : match.start()]
    rest = text[match.end() : match.end() + 2].strip(" \t\r,;")
    return rest[:1] in {"", "\n"} and bool(re.fullmatch(r"[\s-]*[\w.-]*", line)) and not match["value"].isdigit()


NAMED = (Shape(tuple(_STEMS.split()), _NAMED, _is_harmless),)
