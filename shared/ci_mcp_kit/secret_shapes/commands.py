"""Secrets among the arguments of commands that take one after a short flag or none. Pure, in linear time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ci_mcp_kit.secret_shapes.false_positives import is_placeholder, is_words
from ci_mcp_kit.secret_shapes.shape import Shape, lines_with, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ci_mcp_kit.secret_shapes.shape import Span

_QUOTE = r"(?P<quote>\\?[\"'])?"
_VALUE = r"(?P<value>(?(quote)[^\n]{1,300}?(?=(?P=quote))|[^\s\"'|;]{1,300}))"
_ATTACHED = _QUOTE + _VALUE
_ARGUMENT = r"[ \t=]{0,4}" + _QUOTE + _VALUE
_LATER = r"[ \t=]{1,4}" + _QUOTE + _VALUE
_OF_A_USER = r"[ \t=]{0,4}" + _QUOTE + r"[^\s:,\"'%]{0,100}[:,%]" + _VALUE
_PROGRAMS = (
    "docker|podman|buildah|skopeo|nerdctl|oras|crane|regctl|helm registry|az|az acr|oc|cf|expo|ibmcloud|npm|rosa"
)
# Commands, and the flags after which they take a secret.
_COMMANDS = (
    (r"(?:mysql|mariadb)[\w-]*|7z[ar]?|rar|unrar", "-h?p" + _ATTACHED),
    ("sshpass", "-p" + _ARGUMENT),
    (
        r"twine|cqlsh|mongo\w*|security|useradd|usermod|altool|plink|pscp|psftp|cypher-shell|signtool|ipmitool|nuget|choco",
        "(?:-p|-pw|-P|-k|/p)(?![a-z]{2})" + _ARGUMENT,
    ),
    (f"(?:{_PROGRAMS}) login", "-p" + _ARGUMENT),
    ("curl", "(?:-u|-U|--user|--proxy-user)" + _OF_A_USER),
    ("https?|xh|jfrog|jf|lftp", "(?:-a|-u|--auth|--user)" + _OF_A_USER),
    ("ab|siege|hey", "(?:-A|-P|-a)" + _OF_A_USER),
    ("skopeo|buildah|podman|ctr", "(?:--(?:src-|dest-)?creds|-u|--user)" + _OF_A_USER),
    ("sqlcmd|bcp|osql|isql|tsql|zip|unzip|zipcloak", "-P" + _ARGUMENT),
    ("redis-cli|redis-benchmark|valkey-cli", "-a" + _LATER),
    (r"ldap\w+|slap\w+", "-w" + _ARGUMENT),
    ("smbclient|rpcclient|winexe|wmic|net ads", "(?:-U|--user)" + _OF_A_USER),
    ("openssl", "-(?:pass|passin|passout|k|K|hmac)" + _LATER),
    ("codecov|netlify|vercel|surge|wrangler|vsce|gem|dotnet nuget|helm cm-push", "-[tkp]" + _LATER),
)
_WORDS = (
    r"(?P<end>[|;\n]|&&)|(?<![\w-])(?:"
    + "|".join(f"(?P<command_{number}>{names})" for number, (names, _) in enumerate(_COMMANDS))
    + r")(?=[ \t]|\.exe)|(?<=[\s\"',])(?P<flag>[-/](?=[-\w]))"
)
_LINE = (
    rb"(?:(?m:^)|[ /+])(?:"
    + "|".join(names for names, _ in _COMMANDS).encode()
    + rb")(?:\.exe)?[ \t](?:[^\n]*[ \t,])?[\"']?[-/]"
)
# What reads a secret from its standard input.
_READERS = "--(?:password-|token-)?stdin|--with-token|--passphrase-fd|chpasswd|sudo -k?S|secret create|cryptsetup"


def argument_spans(text: str) -> Iterator[Span]:
    """Yield the spans of secrets after short flags: what a flag means depends on the command before it."""
    for line in lines_with(_LINE, text.encode("ascii", "replace")):
        flags = None
        for word in pattern(_WORDS).finditer(text, *line):
            if word["flag"] is None:
                number = (word.lastgroup or "").removeprefix("command_")
                flags = pattern(_COMMANDS[int(number)][1]) if number.isdigit() else None
                continue
            match = flags.match(text, word.start()) if flags else None
            if match and not is_placeholder(match["value"]) and not match["value"].startswith("-"):
                yield match.span("value")


def _positional(needles: str, before: str) -> Shape:
    return Shape(
        tuple(needles.split("|")),
        rf"(?i)(?P<lead>{before}{_QUOTE}){_VALUE}",
        lambda match: is_placeholder(match["value"]) or match["value"].startswith("-") or is_words(match["value"]),
    )


COMMANDS: tuple[Shape, ...] = (
    _positional(
        "cargo login|vault login|snyk auth|netlify login", r"(?:cargo login|vault login|snyk auth|netlify login)[ ]+"
    ),
    _positional("htpasswd -", r"htpasswd (?:-\w+ +){1,4}(?:[^\s-]\S*[ ]+){1,2}"),
    _positional("rabbitmqctl ", r"rabbitmqctl (?:add_user|change_password|authenticate_user) +\S+ +"),
    _positional("nuget push|choco push|gem push", r"(?:nuget|choco|gem) push +\S+ +"),
    _positional("http-basic.|pypi-token.|cf auth ", r"(?:http-basic\.\S+ +\S+|pypi-token\.\S+|cf auth \S+) +"),
    _positional("--from-literal", r"--from-literal[= ]\\?[\"']?[\w.-]+="),
    Shape(
        ("echo ", "printf "),
        r"(?P<lead>(?:echo|printf)[ ]+(?:-\w+[ ]+)?(?:[\"']%s(?:\\n)?[\"'][ ]+)?(?P<quote>[\"'])?)"
        rf"(?P<value>[^\n|\"']{{1,300}}?)(?=[\"']?[ \t]*\|[^\n|]{{0,200}}?(?:{_READERS}))",
        lambda match: is_placeholder(match["value"]),
    ),
)
