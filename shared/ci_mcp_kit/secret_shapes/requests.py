"""Secrets in requests and addresses: headers, cookies, passwords of URLs and of other connection strings."""

from __future__ import annotations

import re

from ci_mcp_kit.secret_shapes.false_positives import is_placeholder, is_words, looks_random
from ci_mcp_kit.secret_shapes.shape import Shape, pattern

_PORT = r"[0-9]{1,5}(?:[/?#]|$)"
# RFC 9110, 11.6.2, and the schemes that services made up. Others are taken for prose where words follow.
_SCHEMES = (
    r"bearer|basic|token|digest|api-?key|negotiate|ntlm|kerberos|aws4-[\w-]+|aws|hawk|oauth|signature|sharedkey(?:lite)?"
    r"|sharedaccesssignature|jwt|key|splunk|ghost|bot|ssws|sso-key|dpop|mac|hmac[\w-]*|acs|tc3-[\w-]+|goog4?-?[\w-]*|genie"
    r"key|snowflake|client-id|wsse|pve[\w=@!.-]*|mediabrowser|secret|apitoken|api-token|user|service|app|x-[\w-]+"
)


def _is_no_header(match: re.Match[str]) -> bool:
    value = match["value"]
    if is_placeholder(value):
        return True
    known = match["scheme"] and re.fullmatch(_SCHEMES, match["scheme"].strip(), re.IGNORECASE)
    return is_words(value) and not known


def _is_no_password(match: re.Match[str]) -> bool:
    return bool(is_placeholder(match["value"]) or pattern(_PORT).match(match["value"]))


REQUESTS: tuple[Shape, ...] = (
    Shape(
        ("authorization",),
        r"""(?ix)
        (?P<lead> authorization \\{0,3}["'`]? [ \t]{0,4} (?: => | [:=,] ) [ \t]{0,4} \[? \\{0,3}["'`]?
          (?P<scheme> [a-z][\w-]{0,40} [ \t]{1,4} (?=\S) )? )
        (?P<value> (?<=[ ]) [\w-]{1,40} = \\{0,3}"[^"\n]{1,1000}" | [^\s"'`,\\]{6,8000} )
        (?: [ \t]{0,4} , [ \t]{0,4} [\w-]{1,40} = (?: \\{0,3}"[^"\n]{0,2000}" | [^\s,"']{1,2000} ) )*
        """,
        _is_no_header,
    ),
    Shape(
        ("cookie",),
        r"""(?ix)
        (?P<lead> cookie2? \\{0,3}["'`]? [ \t]{0,4} (?: => | [:=,] | [ \t] ) [ \t]{0,4} \[? \\{0,3}["'`]? )
        (?P<value> [\w.%-]{1,80} = [^\s;"']{6,4000} (?: ; [ ]? [^\s;"'\\]{1,4000} ){0,60} )
        """,
        lambda match: is_placeholder(match["value"].partition("=")[2]) or is_words(match["value"].partition("=")[2]),
    ),
    # user:password@host; the user's name stays
    Shape(
        ("://",),
        r"(?P<lead>://[^\s/:@\"'<>]{0,100}:)(?P<value>(?:[^\s\"'<>:]|:(?!//)){1,200})(?=@[\w\[%$.-])",
        _is_no_password,
    ),
    Shape(
        ("://",),
        r"(?P<lead>://)(?P<value>[^\s/:@\"'<>]{16,300})(?=@)",
        lambda match: not looks_random(match["value"]),
    ),
    Shape(
        ("thin:", "oci:", "sqlplus "),
        r"(?i)(?P<lead>(?:thin:|oci:|sqlplus (?:-\w+ ){0,4})[\w$#]{1,60}/)(?P<value>[^\s\"'<>]{1,100})(?=@)",
        _is_no_password,
    ),
    Shape(
        ("identified by", "password '", 'password "'),
        r"(?i)(?P<lead>(?:identified[ ]by|password)[ ](?:password[ ])?(?P<quote>[\"']))"
        r"(?P<value>[^\s\"']{1,200})(?=(?P=quote))",
        lambda match: is_placeholder(match["value"]) or (match["lead"][0] in "pP" and is_words(match["value"])),
    ),
    # The files .netrc and .pgpass
    Shape(
        ("login ", "login\n", "login\t"),
        r"(?P<lead>login\s{1,80}\S{1,200}\s{1,80}password\s{1,80})(?P<value>\S{1,200})",
        lambda match: is_placeholder(match["value"]),
    ),
    Shape(
        (":5432:", ":6432:", ":5433:", ":15432:", ":5439:", ":26257:", ":*:"),
        r"(?P<lead>:(?:\d{4,5}|\*):(?:\w[\w-]*|\*):(?:\w[\w.@-]*|\*):)(?P<value>[^\s:]\S{2,200})(?=[ \t]*(?:\n|\Z))",
    ),
)
