"""The settings of the Jenkins server, read from the environment and from the configuration file that it names."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from ci_mcp_http.addresses import is_exposed
from ci_mcp_http.settings import NOWHERE
from ci_mcp_kit.guard.settings import GuardSettings, changing_nothing
from ci_mcp_kit.guard.variables import secrets_of
from ci_mcp_kit.secret_files import read_secret
from ci_mcp_kit.settings import ProcessSettings
from ci_mcp_kit.variables import SettingsError, read_variables
from jenkins_mcp.client.credentials import basic_header, encode, encoded_header
from jenkins_mcp.client.service_descriptor import JENKINS, WRITER
from jenkins_mcp.guard.rules import JenkinsRules
from jenkins_mcp.guard.variables import VARIABLES as GUARD_VARIABLES
from jenkins_mcp.guard.variables import WRITE_TOKEN, check_writer, read_guard
from jenkins_mcp.variables import CONFIG, CREDENTIALS, PROCESS, VARIABLES, read_one

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from ci_mcp_http.options import ClientOptions
    from ci_mcp_http.tokens import TokenHeader
    from ci_mcp_kit.errors import Service
    from ci_mcp_kit.variables import Secret, Variable

CONNECT_TIMEOUT = 10.0  # seconds; a Jenkins that is busy accepts slowly
MOST_CONNECTIONS = 8  # to one Jenkins, whose web server has few threads for all its users


@dataclass(frozen=True, kw_only=True)
class JenkinsInstance:
    """One Jenkins: where it is, who asks, and which of its jobs may be seen. Times are seconds.

    Attributes:
        name: how tools name it; "" where there is only one.
        jobs: globs; empty: all jobs.
        write_token: what changes are made with; without it, and without its file, nothing can be changed there.
    """

    server: str
    name: str = ""
    username: str = ""
    token: Secret | None = None
    token_file: Path | None = None
    password: Secret | None = None
    password_file: Path | None = None
    write_token: Secret | None = None
    write_token_file: Path | None = None
    jobs: tuple[str, ...] = ()
    timeout: float = 30.0
    retries: int = 2
    backoff: float = 0.5
    max_body: int = 64 * 2**20
    ca_file: Path | None = None
    skip_verify: bool = False

    def secrets(self) -> list[str]:
        """Return what must never leave the process, as it is now, and as the header of a request holds it."""
        tokens = _held(self.token, self.token_file) + _held(self.write_token, self.write_token_file)
        passwords = _held(self.password, self.password_file)
        found = tokens + passwords + [token.partition(":")[2] for token in tokens if ":" in token]
        found += [basic_header(self.username, token)[1] for token in tokens]
        found += [encode(self.username, password) for password in passwords]
        return [text.removeprefix("Basic ") for text in found if text]

    def warnings(self) -> list[str]:
        """Return warnings about settings that are allowed but probably a mistake, a sentence each."""
        found = []
        where = f"Jenkins {self.name}".rstrip()
        if not any(getattr(self, field) for field in CREDENTIALS):
            found.append(f"No {JENKINS.token} for {where}: only what it shows to everybody can be read")
        elif is_exposed(self.server):
            found.append(f"{where} is asked with plain http on another machine: the token can be read on the way")
        if self.skip_verify:
            found.append(
                f"The certificate of {where} is not verified (JENKINS_TLS_SKIP_VERIFY), so any machine on the way can "
                "read the token; name its authority in JENKINS_CA_CERT instead"
            )
        return found

    def client_options(self) -> ClientOptions:
        """Return how to reach it."""
        from ci_mcp_http.options import ClientOptions  # noqa: PLC0415 - on first use, to start fast

        token = self.token.reveal() if self.token else None
        header: TokenHeader = partial(basic_header, self.username)
        if passwords := _held(self.password, self.password_file):
            # A password may hold characters that no token has, so it is encoded here already.
            token, header = encode(self.username, passwords[0]), encoded_header
        return ClientOptions(
            service=JENKINS,
            server=self.server,
            token=token,
            token_file=self.token_file,
            token_header=header,
            timeout=self.timeout,
            connect_timeout=min(CONNECT_TIMEOUT, self.timeout),
            read_timeout=self.timeout,
            retries=self.retries,
            backoff=self.backoff,
            max_connections=MOST_CONNECTIONS,
            max_body=self.max_body,
            ca_file=self.ca_file,
            skip_verify=self.skip_verify,
        )

    def writer_options(self) -> ClientOptions:
        """Return how to change something there: with the token that may write, each request once."""
        return replace(
            self.client_options(),
            service=WRITER,
            token=self.write_token.reveal() if self.write_token else None,
            token_file=self.write_token_file,
            token_header=partial(basic_header, self.username),
            # A request that got no answer may have had its effect, and a second trigger is a second build.
            retries=0,
        )

    @property
    def may_be_changed(self) -> bool:
        """Whether there is a token for changes."""
        return self.write_token is not None or self.write_token_file is not None


def _held(secret: Secret | None, file: Path | None) -> list[str]:
    """Return the current value of a secret, which is given as text or in a file."""
    held = read_secret(file) if file else None
    return [secret.reveal()] if secret else [held] if held else []


@dataclass(frozen=True, kw_only=True)
class JenkinsSettings(ProcessSettings):
    """The settings of one process: each Jenkins that it asks, its guard, and those of every server.

    Attributes:
        artifacts_dir: the folder in which artifacts are saved; without one, none is.
        max_artifact: the largest artifact that is saved, in bytes.
    """

    variables: ClassVar[tuple[Variable, ...]] = (*VARIABLES, *GUARD_VARIABLES)
    services: ClassVar[tuple[Service, ...]] = (JENKINS,)
    write_secrets: ClassVar[tuple[str, ...]] = secrets_of(GUARD_VARIABLES)

    instances: tuple[JenkinsInstance, ...]
    guard: GuardSettings = field(default_factory=changing_nothing(JenkinsRules))
    artifacts_dir: Path | None = None
    max_artifact: int = 4 * 2**30

    @property
    def are_several(self) -> bool:
        """Whether a call has to name its Jenkins."""
        return len(self.instances) > 1

    @classmethod
    @override
    def read(cls, environment: Mapping[str, str]) -> dict[str, Any]:
        values = read_variables(PROCESS, environment)
        has_file = bool(environment.get(CONFIG, "").strip())
        guard = read_guard(environment, needs_token=not has_file)
        if has_file:
            from jenkins_mcp.settings_file import read_config  # noqa: PLC0415 - few processes have one

            given = read_config(environment)
        else:
            given = (read_one(environment),)
        instances = _with_write_tokens(given, guard)
        return {
            **values,
            "instances": instances,
            "guard": GuardSettings.of(JenkinsRules, guard, environment),
        }

    @classmethod
    @override
    def placeholders(cls) -> dict[str, Any]:
        return {"instances": (JenkinsInstance(server=NOWHERE),)}

    @override
    def secrets(self) -> list[str]:
        of_instances = [secret for instance in self.instances for secret in instance.secrets()]
        return super().secrets() + self.guard.secrets() + of_instances

    @override
    def warnings(self) -> list[str]:
        return [warning for instance in self.instances for warning in instance.warnings()]


def _with_write_tokens(given: Sequence[Mapping[str, Any]], guard: Mapping[str, Any]) -> tuple[JenkinsInstance, ...]:
    """Return each Jenkins with its token that may write, of the variable or of the file; without it unless mode is on.

    Raises:
        SettingsError: there is none, its user is not known, or it is not said for which Jenkins it is.
    """
    fields = [variable.field for variable in WRITE_TOKEN]
    own = {name: guard[name] for name in fields if name in guard}
    if own and len(given) > 1:
        name = WRITE_TOKEN[0].name
        raise SettingsError(
            f"{name} is set, and the file of {CONFIG} names several Jenkins: say there which one it is for", name
        )
    found = []
    for values in given:
        token = own or {name: values[name] for name in fields if name in values}
        if guard.get("mode") != "on":  # a token that is not read cannot leak, and a rehearsal needs none
            token = {}
        check_writer(token, values.get("username"))
        others = {name: value for name, value in values.items() if name not in fields}
        found.append(JenkinsInstance(**others, **token))
    if guard.get("mode") == "on" and not any(instance.may_be_changed for instance in found):
        raise SettingsError(
            f"JENKINS_MCP_ACTIONS is 'on', and neither {WRITE_TOKEN[0].name} nor jenkins.writeToken in the file of "
            f"{CONFIG} is set: changes need a token",
            WRITE_TOKEN[0].name,
        )
    return tuple(found)
