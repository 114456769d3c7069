"""Reads the configuration file of `--config` or JENKINS_CONFIG.

    jenkins:                       # or a list of these, each with a `name`
      url: https://ci.example.com/jenkins
      username: dev
      apiToken: 11d0…              # refused if others may read the file; or apiTokenFile, password, passwordFile
      writeTokenFile: /run/ci      # or writeToken: what changes are made with
      jobs: [team/**, "!team/deploy/**"]
      timeout: 30s
      maxBody: 64M
      tls: {skipVerify: false, caCert: /etc/ssl/ci.pem}
      retry: {maxAttempts: 3, backoff: 500ms}

A variable of the environment goes before the same value of the file. Where the file names several, the variables that
are about one Jenkins would leave open which one, and are refused.
"""

from __future__ import annotations

import re
import stat
import sys
from typing import TYPE_CHECKING, Any, Final

from ci_mcp_kit.variables import SettingsError, Variable, read_variables, read_whole
from ci_mcp_kit.yaml_source import InvalidFile, Kind, read_source
from jenkins_mcp.guard.variables import WRITE_TOKEN
from jenkins_mcp.variables import CONFIG, CREDENTIALS, LIMITS, ONE, VARIABLES, check_one

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ci_mcp_kit.yaml_source import KeyPath, Source

KIND: Final = Kind("a configuration file", "a configuration", "jenkins:")
NAME: Final = re.compile(r"[a-z][a-z0-9-]{0,31}")
MOST: Final = 20  # Jenkins in one file
SHOWN: Final = 3  # mistakes
SECRETS: Final = frozenset({"token", "password", "write_token"})

_BY_FIELD: Final = {variable.field: variable for variable in (*ONE, *LIMITS, *WRITE_TOKEN)}
_KEYS: Final[dict[tuple[str, ...], str]] = {
    ("url",): "server",
    ("username",): "username",
    ("apiToken",): "token",
    ("apiTokenFile",): "token_file",
    ("password",): "password",
    ("passwordFile",): "password_file",
    ("writeToken",): "write_token",
    ("writeTokenFile",): "write_token_file",
    ("jobs",): "jobs",
    ("timeout",): "timeout",
    ("maxBody",): "max_body",
    ("tls", "skipVerify"): "skip_verify",
    ("tls", "caCert"): "ca_file",
    ("retry", "maxAttempts"): "retries",
    ("retry", "backoff"): "backoff",
}
_GROUPS: Final = {path[0] for path in _KEYS if len(path) > 1}
_KNOWN: Final = sorted({path[0] for path in _KEYS})


def read_config(environment: Mapping[str, str]) -> tuple[dict[str, Any], ...]:
    """Return the values of each Jenkins, field -> value, that file and environment describe together.

    Raises:
        SettingsError: the file has mistakes, others may read a secret in it, or a variable fits no single Jenkins.
    """
    file: Path = read_variables(VARIABLES[:1], environment)["config_file"]
    try:
        source = read_source(file, KIND)
    except InvalidFile as error:
        raise _of_file("; ".join(str(problem) for problem in error.problems[:SHOWN])) from error
    entries = list(_entries(source))
    held = next((path for path, values in entries if values.keys() & SECRETS), None)
    mode = source.file.stat().st_mode
    # Windows has no such bits: there every file looks readable for all.
    if held is not None and sys.platform != "win32" and mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise _mistake(
            source,
            held,
            f"other users may read this file (mode {stat.S_IMODE(mode):04o}), and it holds a secret: run "
            f"chmod 600 {source.file}, or move the secret to a file that apiTokenFile names",
        )
    return tuple(_with_environment(source, path, values, environment) for path, values in entries)


def _entries(source: Source) -> Iterator[tuple[KeyPath, dict[str, Any]]]:
    """Yield the place of each Jenkins in the file, and its values."""
    data = source.data
    if not isinstance(data, dict) or data.keys() != {"jenkins"}:
        raise _mistake(source, (), "the file has one key, jenkins")
    found = data["jenkins"]
    if isinstance(found, dict):
        yield ("jenkins",), _read_entry(source, ("jenkins",), found)
        return
    if not isinstance(found, list) or not 1 <= len(found) <= MOST:
        raise _mistake(source, ("jenkins",), f"jenkins takes the settings of one Jenkins, or a list of 1 to {MOST}")
    names: set[str] = set()
    for index, entry in enumerate(found):
        path = ("jenkins", index)
        name = entry.pop("name", None) if isinstance(entry, dict) else None
        if not isinstance(name, str) or not NAME.fullmatch(name) or name in names:
            raise _mistake(
                source,
                path,
                "each Jenkins of a list has a name of its own, of lower-case letters, digits and hyphens",
            )
        names.add(name)
        yield path, {"name": name, **_read_entry(source, path, entry)}


def _read_entry(source: Source, path: KeyPath, entry: Mapping[str, Any]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in entry.items():
        if key in _GROUPS:
            if not isinstance(value, dict):
                inner_keys = ", ".join(known[1] for known in _KEYS if known[0] == key)
                raise _mistake(source, (*path, key), f"{key} takes keys of its own, like {inner_keys}")
            for inner, inner_value in value.items():
                values |= _read_value(source, path, (key, inner), inner_value)
        else:
            values |= _read_value(source, path, (key,), value)
    return values


def _read_value(source: Source, path: KeyPath, key: tuple[str, ...], value: Any) -> dict[str, Any]:
    """Return field -> value of one key; a key without a value counts as left out, as an empty variable does."""
    field = _KEYS.get(key)
    place, name = (*path, *key), f"jenkins.{'.'.join(key)}"
    if field is None:
        raise _mistake(source, place, f"there is no key {'.'.join(key)}; there are {', '.join(_KNOWN)}")
    if value is None or value == "":
        return {}
    of = _BY_FIELD[field]
    if isinstance(value, list) and field == "jobs" and all(isinstance(part, str) for part in value):
        text = " ".join(value)
    elif isinstance(value, bool):
        text = str(value).lower()
    elif isinstance(value, str | int):
        text = str(value)
    else:
        raise _mistake(source, place, f"{name} takes {of.takes}")
    variable = Variable(name, field, of.takes, of.parse, secret=of.secret)
    if field == "retries":  # counted with the first attempt here
        variable = Variable(name, field, "a number from 1 to 11", lambda text: read_whole(1, 11)(text) - 1)
    try:
        return {field: variable.read(text)}
    except SettingsError as error:
        raise _mistake(source, place, str(error)) from None


def _with_environment(
    source: Source, path: KeyPath, values: dict[str, Any], environment: Mapping[str, str]
) -> dict[str, Any]:
    """Return the values of one Jenkins with those of the environment, and check them together."""
    own = read_variables((*ONE, *LIMITS), environment)
    about_one = next((variable.name for variable in ONE if variable.field in own), None)
    if about_one and "name" in values:
        raise SettingsError(
            f"{about_one} is set, and {source.file} names several Jenkins: say there which one it is for", about_one
        )
    # A secret of the environment takes the place of the file's, of whatever kind that is.
    kept = {
        field: value for field, value in values.items() if field not in CREDENTIALS or not own.keys() & {*CREDENTIALS}
    }
    merged = {**kept, **own}
    names = {field: f"jenkins.{'.'.join(key)}" for key, field in _KEYS.items()}
    names |= {field: _BY_FIELD[field].name for field in own}
    if {"write_token", "write_token_file"} <= merged.keys():
        raise _mistake(source, path, "jenkins.writeToken and jenkins.writeTokenFile are both set: keep one of them")
    try:
        check_one(merged, names, environment)
    except SettingsError as error:
        if error.variable.startswith("JENKINS_"):
            raise
        raise _mistake(source, path, str(error)) from None
    return merged


def _mistake(source: Source, path: KeyPath, message: str) -> SettingsError:
    return _of_file(str(source.problem(path, message)))


def _of_file(message: str) -> SettingsError:
    return SettingsError(f"{CONFIG}: {message}", CONFIG)
