"""The variables of this server. Standard library only, as in `ci_mcp_kit.variables`: they are read before all else."""

from __future__ import annotations

import re

from ci_mcp_http import variables as service
from ci_mcp_kit.network_environment import check_network
from ci_mcp_kit.variables import (
    EAGER,
    LOG_FORMAT,
    LOG_LEVEL,
    STATE,
    TOOLS,
    Secret,
    SettingsError,
    Variable,
    read_file,
    read_list,
    read_size,
    read_token,
    read_variables,
    read_whole,
    read_word,
    show,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path
    from typing import Any

CONFIG = "JENKINS_CONFIG"
ARTIFACTS_DIR = "JENKINS_ARTIFACTS_DIR"
MAX_ARTIFACT = "JENKINS_MAX_ARTIFACT"
CREDENTIALS = ("token", "token_file", "password", "password_file")
"""The fields of which one says how the user is known; none of them means anonymous."""

_DURATION = re.compile(r"(\d{1,6}(?:\.\d{1,3})?)(ms|s|m|)", re.ASCII)
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "": 1.0}


def read_duration(low: float, high: float) -> Callable[[str], float]:
    """Return a reader of durations such as 500ms, 30s or 2m, from `low` to `high` seconds; without a unit, seconds."""

    def parse(text: str) -> float:
        match = _DURATION.fullmatch(text.strip().lower())
        seconds = float(match[1]) * _UNITS[match[2]] if match else -1.0
        if not low <= seconds <= high:
            raise ValueError
        return seconds

    return parse


def read_user(text: str) -> str:
    """Read the name of a user. A colon would end it in the header of a request (RFC 7617, section 2)."""
    if ":" in text or not text.isprintable():
        raise ValueError("without a colon")
    return text


def read_password(text: str) -> Secret:
    """Read a password, which may hold any character but control characters (RFC 7617, section 2)."""
    if not text.isprintable():
        raise ValueError("it has a control character")
    return Secret(text)


def read_job_globs(text: str) -> tuple[str, ...]:
    """Read glob patterns of jobs; those that begin with `!` take away."""
    globs = read_list(text)
    for glob in globs:
        parts = glob.removeprefix("!").split("/")
        if not all(parts):
            raise ValueError(f"{show(glob)!r} has an empty part")
        if any("**" in part and part != "**" for part in parts):
            raise ValueError(f"in {show(glob)!r}, ** stands for folders and has to be a part of its own")
    if not globs:
        raise ValueError
    return globs


def read_folder(text: str) -> Path:
    """Read the absolute path of a folder, which need not exist yet."""
    from pathlib import Path  # noqa: PLC0415 - most processes name no folder

    folder = Path(text)
    if not folder.is_absolute():
        raise ValueError("it does not begin at the root")
    if folder.exists() and not folder.is_dir():
        raise ValueError("that is no folder")
    return folder


# In the order in which --help shows them. Those of `ONE` are about one Jenkins: a file with several takes none of them.
ONE = (
    service.server("JENKINS_URL", "Jenkins", "JENKINS_USERNAME", with_path=True),
    Variable("JENKINS_USERNAME", "username", "the name of a user of Jenkins", read_user),
    Variable("JENKINS_API_TOKEN", "token", "an API token of that user, or USER:TOKEN", read_token, secret=True),
    Variable("JENKINS_API_TOKEN_FILE", "token_file", "the path of a file that holds the token", read_file),
    Variable("JENKINS_PASSWORD", "password", "the user's password, in place of a token", read_password, secret=True),
    Variable("JENKINS_PASSWORD_FILE", "password_file", "the path of a file that holds the password", read_file),
)
LIMITS = (
    Variable("JENKINS_JOBS", "jobs", "globs of jobs like team/** !team/deploy/**", read_job_globs, "all"),
    Variable("JENKINS_TIMEOUT", "timeout", "a duration from 1s to 10m", read_duration(1, 600), "30s"),
    Variable("JENKINS_MAX_RETRIES", "retries", "a number from 0 to 10", read_whole(0, 10), "2"),
    Variable("JENKINS_RETRY_BACKOFF", "backoff", "a duration from 10ms to 1m", read_duration(0.01, 60), "500ms"),
    Variable("JENKINS_MAX_BODY", "max_body", "a size from 64K to 4G, like 64M", read_size, "64M"),
    Variable("JENKINS_CA_CERT", "ca_file", "the path of a PEM file of certificate authorities", read_file),
    Variable(
        "JENKINS_TLS_SKIP_VERIFY",
        "skip_verify",
        "true to accept any certificate, or false",
        lambda text: read_word("true", "false")(text) == "true",
        "false",
    ),
)
PROCESS = (
    Variable(ARTIFACTS_DIR, "artifacts_dir", "the absolute path of a folder to save artifacts in", read_folder),
    Variable(MAX_ARTIFACT, "max_artifact", "the largest artifact to save, from 64K to 4G, like 1G", read_size, "4G"),
    TOOLS,
    STATE,
    LOG_LEVEL,
    LOG_FORMAT,
    EAGER,
)
VARIABLES = (
    Variable(CONFIG, "config_file", "the path of a YAML file with settings, like --config", read_file),
    *ONE,
    *LIMITS,
    *PROCESS,
)


def read_one(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return field -> value of `ONE` and `LIMITS`, checked together: the one Jenkins that variables alone describe.

    Raises:
        SettingsError: a value is wrong, or one is missing.
    """
    variables = (*ONE, *LIMITS)
    values = read_variables(variables, environment)
    check_one(values, {variable.field: variable.name for variable in variables}, environment)
    return values


def check_one(values: Mapping[str, Any], names: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Check the values of one Jenkins together.

    Args:
        values: by field.
        names: field -> what its value is called where it was given: a variable, or a key of the file.
        environment: for proxies and files for TLS.

    Raises:
        SettingsError: the address is missing, more than one secret is given, or one without its user.
    """
    if "server" not in values:
        raise SettingsError(f"{names['server']} is not set: it takes {ONE[0].takes}", names["server"])
    given = [field for field in CREDENTIALS if field in values]
    if len(given) > 1:
        first, second = (names[field] for field in given[:2])
        raise SettingsError(f"{first} and {second} are both set: keep one of them", first)
    brings_user = "token" in values and ":" in values["token"].reveal()
    if given and "username" not in values and not brings_user:
        raise SettingsError(
            f"{names['username']} is not set: Jenkins takes {names[given[0]]} together with the name of its user",
            names["username"],
        )
    check_network(values["server"], environment)
